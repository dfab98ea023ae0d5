import type { Release } from '../model/release.ts';
import type { AppDynos } from './app-dynos.ts';
import { allBooted, type BootsResult } from './boot.ts';
import { isWeb, type DynoPlan } from './dyno-plan.ts';
import type { FailedBoot, FormationDeps, RollOutOutcome } from './formation.ts';
import { swapWeb } from './swap-web.ts';
import { applyFormation } from './wanted-dynos.ts';

interface RollOut {
  readonly dynos: AppDynos;
  readonly release: Release;
  readonly signal: AbortSignal;
  /** True when it was called off, and by nothing else. */
  readonly isCancelled: () => boolean;
  readonly becomeCurrent: () => Promise<void>;
  readonly lastLines: FormationDeps['lastLines'];
}

const lastLinesShown = 20;
/** From SIGTERM to SIGKILL of dynos that took no request yet and shall be gone in two seconds. */
const cancelGraceMs = 1_000;

/** Puts a release live. The signal fires when a newer one is waiting or the app goes; then nothing that works is touched. */
export async function rollOut(rollOut: RollOut): Promise<RollOutOutcome> {
  const { dynos, release, signal } = rollOut;
  const plans = await dynos.wanted(release);
  if (signal.aborted) return givenUp(rollOut, false);
  const web = plans.filter(isWeb);
  const others = plans.filter((plan) => !isWeb(plan));

  const isGuarded = dynos.hasWebUp && web.length > 0;
  const result = isGuarded ? await besideTheOld(rollOut, web) : await inPlace(rollOut, web);
  if (result.is === 'aborted') return givenUp(rollOut, !isGuarded);
  if (result.is === 'failed' && dynos.live?.id !== release.id) {
    const failure = await describe(rollOut, result);
    result.dyno.say(`Release v${release.version} did not come up, release v${dynos.live?.version ?? 0} keeps running`);
    return { status: 'kept-old', ...failure };
  }

  await replaceOthers(dynos, others);
  return result.is === 'up' ? { status: 'live' } : { status: 'crashed', ...(await describe(rollOut, result)) };
}

function givenUp({ dynos, isCancelled }: RollOut, isCurrent: boolean): RollOutOutcome {
  if (!isCancelled()) return { status: 'superseded' };
  if (isCurrent) dynos.retire([...dynos.slots.values()], 'down', cancelGraceMs);
  return { status: 'cancelled', isCurrent };
}

/** An older release takes requests: it goes on doing so until the new one can. */
function besideTheOld(rollOut: RollOut, web: readonly DynoPlan[]): Promise<BootsResult> {
  const { dynos, release, signal } = rollOut;
  return swapWeb(dynos, web, {
    signal,
    evenIfFailed: !dynos.tools.keepsOld,
    graceMs: () => (rollOut.isCancelled() ? cancelGraceMs : dynos.tools.limits.stopGraceMs),
    alsoRetire: (name) => name.startsWith('web.'),
    beforeSwap: () => settle(rollOut),
    onSwap: () => {
      dynos.live = release;
    },
  });
}

/** Nothing takes requests (or nothing shall): the release is the app's from the start, whether it comes up or not. */
async function inPlace(rollOut: RollOut, web: readonly DynoPlan[]): Promise<BootsResult> {
  const { dynos, release, signal } = rollOut;
  await settle(rollOut);
  dynos.live = release;
  const kept = new Set(web.map((plan) => plan.name));
  const leaving = [...dynos.slots.values()].filter((dyno) => isWeb(dyno.plan) && !kept.has(dyno.plan.name));
  for (const dyno of leaving) dynos.slots.delete(dyno.plan.name);
  const launched = web.map((plan) => dynos.start(plan));
  const started = web.map((plan) => dynos.slots.get(plan.name)).filter((dyno) => dyno !== undefined);
  await dynos.publish();
  dynos.retire(leaving);
  const result = await allBooted(started, signal);
  if (result.is === 'up') await Promise.all(launched);
  return result;
}

/** The last writes before the release is the app's. After them it is not given up any more, not even for a newer one. */
async function settle({ dynos, release, becomeCurrent }: RollOut): Promise<void> {
  await applyFormation(dynos.tools.store, dynos.app.id, release);
  await becomeCurrent();
}

/** Types that are not routed: old and new may overlap for as long as the old ones take to stop, as on Heroku. */
async function replaceOthers(dynos: AppDynos, others: readonly DynoPlan[]): Promise<void> {
  const kept = new Set(others.map((plan) => plan.name));
  const leaving = [...dynos.slots.values()].filter((dyno) => !isWeb(dyno.plan) && !kept.has(dyno.plan.name));
  for (const dyno of leaving) dynos.slots.delete(dyno.plan.name);
  dynos.retire(leaving);
  await Promise.all(others.map((plan) => dynos.start(plan)));
}

async function describe(
  { dynos, lastLines }: RollOut,
  failed: Extract<BootsResult, { is: 'failed' }>,
): Promise<FailedBoot> {
  const { dyno, reason, exit, missedPort } = failed;
  const lines = await lastLines(dynos.app.id, dyno.id);
  return { reason, dyno: dyno.plan.name, exit, missedPort, lastLines: lines.slice(-lastLinesShown) };
}
