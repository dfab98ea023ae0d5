import { readFileSync } from 'node:fs';
import { processes } from './remains.ts';

export interface ProcessSecrets extends AsyncDisposable {
  /** Every command line of the machine that was seen, each once. */
  readonly commandLines: ReadonlySet<string>;
  /** Environment of each process that was seen, by what it is: the first words of its command line. */
  readonly environments: ReadonlyMap<string, string>;
}

/** Looks at the command lines of all processes, and at the environments of those that `isOurs`, until it is disposed. */
export function watchProcesses(isOurs: (environment: string) => boolean): ProcessSecrets {
  const commandLines = new Set<string>();
  const environments = new Map<string, string>();
  const stop = new AbortController();
  const look = (): void => {
    for (const { pid, command } of processes()) {
      commandLines.add(command);
      const environment = environmentOf(pid);
      if (isOurs(environment)) environments.set(`${pid} ${command.slice(0, 160)}`, environment);
    }
  };
  const watching = (async () => {
    while (!stop.signal.aborted) {
      look();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    commandLines,
    environments,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
    },
  };
}

/** Empty when it has ended meanwhile or is not ours to look at. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}
