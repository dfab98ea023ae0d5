import type { Dyno } from './dyno.ts';
import type { BootResult } from './dyno-orders.ts';

export type BootsResult =
  | { readonly is: 'up' }
  | { readonly is: 'aborted' }
  | ({ readonly is: 'failed'; readonly dyno: Dyno } & Pick<BootResult & { is: 'failed' }, 'reason' | 'exit'>);

/** Resolves when all of them are up, or when the first of them has failed, or when the signal fires. */
export function allBooted(dynos: readonly Dyno[], signal: AbortSignal): Promise<BootsResult> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      resolve({ is: 'aborted' });
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    let missing = dynos.length;
    if (missing === 0) resolve({ is: 'up' });
    for (const dyno of dynos) {
      void dyno.booted.then((result) => {
        missing -= 1;
        if (result.is === 'failed') resolve({ is: 'failed', dyno, reason: result.reason, exit: result.exit });
        else if (missing === 0) resolve(stillUp(dynos));
      });
    }
  });
}

/** One that was up may have crashed while its siblings were booting. */
function stillUp(dynos: readonly Dyno[]): BootsResult {
  const fallen = dynos.find((dyno) => !dyno.isUp);
  if (fallen === undefined) return { is: 'up' };
  const { state } = fallen;
  return { is: 'failed', dyno: fallen, reason: 'crashed', exit: state.is === 'crashed' ? state.exit : null };
}
