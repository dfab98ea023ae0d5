import { deferred } from '../lib/deferred.ts';

/** Resolves with the first signal that asks the process to end; a second one is no longer held back. */
export function stopSignal(): { readonly received: Promise<NodeJS.Signals> } & Disposable {
  const { promise, resolve } = deferred<NodeJS.Signals>();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const release = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    release();
    resolve(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { received: promise, [Symbol.dispose]: release };
}
