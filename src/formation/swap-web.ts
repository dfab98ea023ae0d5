import type { AppDynos } from './app-dynos.ts';
import { sayReplacing } from './app-dynos.ts';
import { allBooted, type BootsResult } from './boot.ts';
import type { DynoPlan } from './dyno-plan.ts';

/**
 * Starts web dynos beside the ones in the slots and swaps all of them in when all of them are up. `beforeSwap` is the last
 * thing that may wait; from then on the swap is one step, and one message to the router. On a failure the new ones are
 * stopped and the slots are as they were, unless `evenIfFailed`: then they take the slots crashed.
 */
export async function swapWeb(
  dynos: AppDynos,
  plans: readonly DynoPlan[],
  options: {
    readonly signal: AbortSignal;
    readonly evenIfFailed: boolean;
    /** For new ones that are given up. Default: that of any dyno. */
    readonly graceMs?: () => number;
    /** Decides which slots lose their dyno; the ones that `plans` names always do. */
    readonly alsoRetire: (name: DynoPlan['name']) => boolean;
    readonly beforeSwap: () => Promise<void>;
    readonly onSwap: () => void;
  },
): Promise<BootsResult> {
  const next = plans.map((plan) => {
    // After a restart of the platform some may be on their way already.
    const known = dynos.incoming.get(plan.name);
    if (known !== undefined) return known;
    const dyno = dynos.create(plan);
    dynos.incoming.set(plan.name, dyno);
    const before = dynos.slots.get(plan.name);
    if (before !== undefined) sayReplacing(before, dyno);
    dynos.tools.track(dyno.begin());
    return dyno;
  });

  const giveUp = (): void => {
    dynos.incoming.clear();
    if (dynos.tools.lifetime.aborted) return;
    dynos.retire(next, 'remove', options.graceMs?.());
    dynos.tools.track(dynos.publish());
  };
  const result = await allBooted(next, options.signal);
  const mayGoOn = result.is === 'up' || (result.is === 'failed' && options.evenIfFailed);
  if (!mayGoOn) {
    giveUp();
    return result;
  }
  try {
    // A platform that is started after the next line must find them up.
    await Promise.all(next.map((dyno) => dyno.saved));
    await options.beforeSwap();
  } catch (error) {
    giveUp();
    throw error;
  }
  // One that crashes from here on is a crash of what runs, and its restart is ours as soon as it has its slot.
  dynos.incoming.clear();
  const old = [...dynos.slots.values()].filter((dyno) => options.alsoRetire(dyno.plan.name));
  for (const dyno of old) dynos.slots.delete(dyno.plan.name);
  const replaced = next.map((dyno) => dynos.place(dyno)).filter((dyno) => dyno !== null);
  options.onSwap();
  await dynos.publish();
  dynos.retire([...old, ...replaced]);
  return result;
}
