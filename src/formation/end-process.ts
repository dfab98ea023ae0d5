import type { RunningDyno } from '../model/dyno.ts';
import { r12 } from './dyno-lines.ts';
import { untilEnded } from './until-ended.ts';

export interface ProcessEnding {
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** A second, more urgent order: its grace counts from then on. */
  readonly hurry: Promise<number>;
  readonly ended: Promise<void>;
  readonly lifetime: AbortSignal;
  /** True when the dyno has ended, or is not ours any more. */
  isOver(): boolean;
  say(...lines: string[]): void;
}

/** SIGTERM, and SIGKILL to what is left after the grace. Source: https://devcenter.heroku.com/articles/dyno-shutdown-behavior */
export async function endProcess(dyno: RunningDyno, ending: ProcessEnding): Promise<void> {
  const { graceMs, hurry, ended, lifetime } = ending;
  if (ending.isOver()) return;
  ending.say('Stopping all processes with SIGTERM');
  await dyno.terminate();
  const waitedMs = await untilEnded(ended, graceMs, hurry, lifetime);
  if (ending.isOver()) return;
  ending.say(r12(waitedMs), 'Stopping remaining processes with SIGKILL');
  await dyno.kill();
}
