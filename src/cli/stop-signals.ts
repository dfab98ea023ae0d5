import { deferred } from '../lib/deferred.ts';

/** An impatient second Ctrl-C, or the one that npm passes on, must not cut off what the first one began. */
const patienceMs = 3_000;

/** Resolves with the first signal that asks the process to end. One that comes seconds later ends it at once. */
export function stopSignal(): { readonly received: Promise<NodeJS.Signals> } & Disposable {
  const { promise, resolve } = deferred<NodeJS.Signals>();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let firstAt: number | null = null;
  const release = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt === null) {
      firstAt = Date.now();
      resolve(signal);
    } else if (Date.now() - firstAt > patienceMs) {
      release();
      process.kill(process.pid, signal);
    }
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { received: promise, [Symbol.dispose]: release };
}

/** Work that the first signal asks to clean up and end; `stopped` once it has. */
export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | 'stopped'> {
  using stop = stopSignal();
  const controller = new AbortController();
  void stop.received.then(() => {
    controller.abort();
  });
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return 'stopped';
    throw error;
  }
}
