import { PlatformError } from '../errors/platform-error.ts';
import type { AppDynos } from './app-dynos.ts';
import type { Dyno } from './dyno.ts';
import { isWeb, type DynoPlan } from './dyno-plan.ts';
import type { DynoSelector } from './formation.ts';
import { swapWeb } from './swap-web.ts';

/** The dynos in their slots that a selector means. Throws `not_found` when it names one (or a type) that isn't there. */
export function selectDynos(dynos: AppDynos, which: DynoSelector): readonly Dyno[] {
  const all = [...dynos.slots.values()];
  if ('all' in which) return all;
  const selected = all.filter(({ plan }) => ('type' in which ? plan.type === which.type : plan.name === which.name));
  if (selected.length > 0) return selected;
  throw new PlatformError('not_found', "Couldn't find that dyno.", { resource: 'dyno' });
}

/** Starts the dynos of these plans anew, with a clean back-off: web dynos that are up stay in the route until the new ones are. */
export async function restart(dynos: AppDynos, plans: readonly DynoPlan[], signal: AbortSignal): Promise<void> {
  const isServing = (plan: DynoPlan): boolean => isWeb(plan) && dynos.slots.get(plan.name)?.isUp === true;
  const serving = plans.filter(isServing);
  await Promise.all(plans.filter((plan) => !isServing(plan)).map((plan) => dynos.start(plan)));
  if (serving.length === 0) return;
  const result = await swapWeb(dynos, serving, {
    signal,
    evenIfFailed: !dynos.tools.keepsOld,
    alsoRetire: () => false,
    beforeSwap: () => Promise.resolve(),
    onSwap: () => undefined,
  });
  if (result.is === 'failed' && dynos.tools.keepsOld) {
    result.dyno.say('The restarted dyno did not come up, the one before it keeps running');
  }
}
