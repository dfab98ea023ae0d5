import type { AppDynos } from './app-dynos.ts';
import type { Dyno } from './dyno.ts';
import type { DynoPlan } from './dyno-plan.ts';
import { restart } from './restart.ts';

/**
 * Brings the slots in line with the formation entries: missing dynos are launched, the highest numbers of a type go first,
 * a changed size restarts its type. Dynos that a user stopped come back.
 */
export async function scale(dynos: AppDynos, signal: AbortSignal): Promise<void> {
  const { live } = dynos;
  if (live === null) return;
  const plans = await dynos.wanted(live);
  const names = new Set(plans.map((plan) => plan.name));
  takeDown(
    dynos,
    [...dynos.slots.values()].filter((dyno) => !names.has(dyno.plan.name)),
  );
  const isResized = (plan: DynoPlan): boolean => {
    const dyno = dynos.slots.get(plan.name);
    return dyno !== undefined && isRunning(dyno) && dyno.plan.size !== plan.size;
  };
  const resized = plans.filter(isResized);
  const missing = plans.filter((plan) => {
    const dyno = dynos.slots.get(plan.name);
    return dyno === undefined || isStopped(dyno);
  });
  await Promise.all(missing.map((plan) => dynos.start(plan)));
  await dynos.publish();
  await restart(dynos, resized, signal);
}

/** Takes dynos out of their slots for good. */
function takeDown(dynos: AppDynos, leaving: readonly Dyno[]): void {
  for (const dyno of leaving) {
    dynos.slots.delete(dyno.plan.name);
    sayDown(dyno);
  }
  dynos.retire(leaving);
}

/** Stops dynos that keep their slot and are shown as `down`. Resolves when they are out of the route. */
export async function stopDynos(dynos: AppDynos, chosen: readonly Dyno[]): Promise<void> {
  const running = chosen.filter((dyno) => !isStopped(dyno));
  running.forEach(sayDown);
  dynos.retire(running, 'down');
  await Promise.all(running.map((dyno) => dyno.saved));
  await dynos.publish();
}

function sayDown(dyno: Dyno): void {
  if (!isStopped(dyno)) dyno.say(`State changed from ${dyno.state.is} to down`);
}

function isStopped(dyno: Dyno): boolean {
  return dyno.state.is === 'down' || dyno.state.is === 'stopping';
}

function isRunning(dyno: Dyno): boolean {
  return dyno.state.is === 'up' || dyno.state.is === 'starting' || dyno.state.is === 'crashed';
}
