import type { Dyno } from './dyno.ts';
import type { BootResult } from './dyno-orders.ts';

export type BootsResult =
  | { readonly is: 'up' }
  | { readonly is: 'aborted' }
  | ({ readonly is: 'failed'; readonly dyno: Dyno } & Pick<
      BootResult & { is: 'failed' },
      'reason' | 'exit' | 'missedPort'
    >);

/** Resolves when all of them are up, or when the first of them has failed, or when the signal fires. */
export function allBooted(dynos: readonly Dyno[], signal: AbortSignal): Promise<BootsResult> {
  return new Promise((resolve) => {
    // A signal that is put together of others is kept, with all that its listeners know, until it has none.
    const end = (result: BootsResult): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const onAbort = (): void => {
      end({ is: 'aborted' });
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    let missing = dynos.length;
    if (missing === 0) end({ is: 'up' });
    for (const dyno of dynos) {
      void dyno.booted.then((result) => {
        missing -= 1;
        if (result.is === 'failed') end({ ...result, dyno });
        else if (missing === 0) end(stillUp(dynos));
      });
    }
  });
}

/** One that was up may have crashed while its siblings were booting. */
function stillUp(dynos: readonly Dyno[]): BootsResult {
  const fallen = dynos.find((dyno) => !dyno.isUp);
  if (fallen === undefined) return { is: 'up' };
  const { state } = fallen;
  const exit = state.is === 'crashed' ? state.exit : null;
  return { is: 'failed', dyno: fallen, reason: 'crashed', exit, missedPort: null };
}
