import { readdir, readFile, readlink } from 'node:fs/promises';

export interface ListedProcess {
  readonly pid: number;
  /** Arguments, each followed by a space: what `ps` shows to every user of the machine. */
  readonly commandLine: string;
}

/** Every process of this machine but ours. */
async function listProcesses(): Promise<readonly ListedProcess[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const processes = await Promise.all(
    pids.map(async (pid) => {
      // It may have ended since.
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid, commandLine: commandLine.replaceAll('\0', ' ') };
    }),
  );
  return processes.filter(({ commandLine }) => commandLine !== '');
}

/** Processes whose command line holds this text. */
export async function processesWith(text: string): Promise<readonly ListedProcess[]> {
  return (await listProcesses()).filter(({ commandLine }) => commandLine.includes(text));
}

/** Processes that were started with a path in this folder, stand in it, or have a file of it open. */
export async function processesIn(dir: string): Promise<readonly ListedProcess[]> {
  const processes = await listProcesses();
  const holds = await Promise.all(
    processes.map(async ({ pid, commandLine }) => {
      if (commandLine.includes(`${dir}/`)) return true;
      const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
      const links = ['cwd', ...files.map((file) => `fd/${file}`)];
      const targets = await Promise.all(links.map((link) => readlink(`/proc/${pid}/${link}`).catch(() => '')));
      return targets.some((target) => `${target}/`.startsWith(`${dir}/`));
    }),
  );
  return processes.filter((_, n) => holds[n]);
}

/** Looks at all command lines again and again until it is disposed. */
export function watchCommandLines(): { withText(text: string): readonly string[] } & AsyncDisposable {
  const seen = new Set<string>();
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      for (const { commandLine } of await listProcesses()) seen.add(commandLine);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    withText: (text) => [...seen].filter((commandLine) => commandLine.includes(text)),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
    },
  };
}
