import { readFileSync } from 'node:fs';

/** A process, told apart from a later one that got the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the machine's boot to its start. */
  readonly startTime: string;
}

/** Null when there is no such process, or only its zombie. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  return stat === null || isEnded(stat.state) ? null : { pid, startTime: stat.startTime };
}

export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return identify(pid)?.startTime === startTime;
}

/** False when that process is gone; its pid may belong to someone else by now. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Fields 3 and 22 of /proc/PID/stat; null when there is no such process. Source: proc(5) */
function readStat(pid: number): { readonly state: string; readonly startTime: string } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The command's name, in parentheses, may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state === undefined || startTime === undefined ? null : { state, startTime };
}

function isEnded(state: string): boolean {
  return state === 'Z' || state === 'X';
}
