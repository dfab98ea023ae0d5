import { readdir, readlink } from 'node:fs/promises';
import { processes, type Process } from './remains.ts';

/** Processes whose arguments hold this text: `ps` shows them to every user of the machine. */
export function processesWith(text: string): readonly Process[] {
  return processes().filter(({ command }) => command.includes(text));
}

/** Processes that were started with a path in this folder, stand in it, or have a file of it open. */
export async function processesIn(dir: string): Promise<readonly Process[]> {
  const all = processes().filter(({ pid }) => pid !== process.pid);
  const holds = await Promise.all(
    all.map(async ({ pid, command, cwd }) => {
      if (command.includes(`${dir}/`)) return true;
      const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
      const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
      return [cwd, ...targets].some((target) => `${target}/`.startsWith(`${dir}/`));
    }),
  );
  return all.filter((_, n) => holds[n]);
}

/** Looks at all command lines again and again until it is disposed. */
export function watchCommandLines(): { withText(text: string): readonly string[] } & AsyncDisposable {
  const seen = new Set<string>();
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      for (const { command } of processes()) seen.add(command);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    withText: (text) => [...seen].filter((command) => command.includes(text)),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
    },
  };
}
