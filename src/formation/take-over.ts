import { deferred } from '../lib/deferred.ts';
import type { DynoName } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import type { DynoRow } from '../store/index.ts';
import type { AppDynos } from './app-dynos.ts';
import type { Dyno } from './dyno.ts';
import { isWeb, type DynoPlan } from './dyno-plan.ts';
import type { Fate, FoundDynos } from './found-dynos.ts';
import { orAborted } from './waiting.ts';
import { applyFormation } from './wanted-dynos.ts';

interface Found {
  readonly dyno: Dyno;
  readonly row: DynoRow;
  readonly fate: Fate;
}

/** SIGTERM may not have been sent yet when the last platform process ended; every dyno gets at least this long after it. */
const leastGraceMs = 2_000;

/**
 * Takes over the dynos of one app. The store's current release is what should run; if an older one still takes requests
 * and the current one does not yet, the older keeps them and the current release is given back, to be rolled out.
 */
export async function takeOver(dynos: AppDynos, rows: readonly DynoRow[], found: FoundDynos): Promise<Release | null> {
  const { store } = dynos.tools;
  const current = await store.releases.findCurrent(dynos.app.id);
  if (current?.slug != null) await applyFormation(store, dynos.app.id, current);
  const wanted = current === null ? [] : await dynos.wanted(current);
  const all = await revive(dynos, rows, found);

  const leaving = all.filter((one) => one.row.state === 'stopping' || isStoppedButRunning(one));
  const staying = all.filter((one) => !leaving.includes(one));
  const mine = bestByName(staying.filter((one) => one.row.releaseId === current?.id));
  const older = bestByName(newestRelease(staying.filter((one) => isOlder(one, current))));

  const wantedWeb = wanted.filter(isWeb);
  const isSwapped = wantedWeb.every((plan) => serves(mine.get(plan.name)));
  const olderServes = [...older.values()].some((one) => isWeb(one.dyno.plan) && serves(one));
  const isInterrupted = current !== null && olderServes && !isSwapped;

  const kept = new Set(isInterrupted ? keepOlder(dynos, mine, older) : keepCurrent(dynos, current, wanted, mine));
  const routed = deferred();
  const names = new Set(wanted.map(({ name }) => name));
  for (const one of leaving) stopAgain(dynos, one, names, routed.promise);
  // Before the first route: what is being started must not look as if it were not there.
  if (!isInterrupted) startMissing(dynos, wanted, rows);
  resumeAll(dynos, all);
  await dynos.publish();
  routed.resolve();
  dynos.retire(staying.filter((one) => !kept.has(one)).map((one) => one.dyno));
  return isInterrupted ? current : null;
}

/** Turns rows into dynos. Those that never ran, or ended with the machine, are forgotten: they are started afresh. */
async function revive(dynos: AppDynos, rows: readonly DynoRow[], found: FoundDynos): Promise<readonly Found[]> {
  const { store } = dynos.tools;
  const revived: Found[] = [];
  for (const row of rows) {
    const fate = found.fates.get(row.id) ?? { is: 'lost', handle: null };
    const release = await store.releases.findById(row.releaseId);
    const hasRun = row.state === 'up' || row.state === 'starting' || row.state === 'stopping';
    const neverRan = row.state === 'starting' && fate.is === 'lost' && fate.handle === null;
    const isForgotten =
      hasRun && fate.is === 'lost' && (found.machineRestarted || neverRan || row.state === 'stopping');
    if (release === null || isForgotten) {
      await fate.handle?.remove();
      await store.dynos.remove(row.id);
      continue;
    }
    const plan: DynoPlan = { name: row.name, type: row.type, command: row.command, size: row.size, release };
    // A dyno that a user stopped and that still runs is taken over as stopping.
    const asFound = row.state === 'down' && fate.is === 'running' ? ({ ...row, state: 'stopping' } as const) : row;
    revived.push({ dyno: dynos.create(plan, { crashes: row.crashes, row: asFound }), row, fate });
  }
  return revived;
}

/** The roll-out is gone on with: what it has started so far is incoming. */
function keepOlder(dynos: AppDynos, mine: Map<DynoName, Found>, older: Map<DynoName, Found>): Found[] {
  dynos.live = [...older.values()][0]?.dyno.plan.release ?? null;
  for (const { dyno } of older.values()) dynos.place(dyno);
  const incoming = [...mine.values()].filter(({ dyno, fate }) => isWeb(dyno.plan) && fate.is === 'running');
  for (const { dyno } of incoming) dynos.incoming.set(dyno.plan.name, dyno);
  return [...older.values(), ...incoming];
}

function keepCurrent(
  dynos: AppDynos,
  current: Release | null,
  wanted: readonly DynoPlan[],
  mine: Map<DynoName, Found>,
): Found[] {
  dynos.live = current;
  const kept = wanted.map((plan) => mine.get(plan.name)).filter((one) => one !== undefined);
  for (const { dyno } of kept) dynos.place(dyno);
  return kept;
}

/** From here on the dynos are watched; what ended meanwhile has crashed by now, so that no request is sent to it. */
function resumeAll(dynos: AppDynos, all: readonly Found[]): void {
  for (const { dyno, row, fate } of all) {
    const wasAtRest = row.state === 'crashed' || (row.state === 'down' && fate.is !== 'running');
    if (wasAtRest) dynos.tools.track(fate.handle?.remove() ?? Promise.resolve());
    else if (fate.is === 'running') dyno.resume(fate.handle);
    else dyno.resumeEnded(fate.is === 'ended' ? fate.exit : null, fate.handle);
  }
}

/** Goes on with a stop that was under way. A dyno that a user stopped keeps its slot, unless its release was replaced meanwhile or the formation has no place for it any more. */
function stopAgain(dynos: AppDynos, { dyno, row }: Found, wanted: ReadonlySet<DynoName>, after: Promise<void>): void {
  const { limits, lifetime } = dynos.tools;
  const spentMs = dynos.tools.now().getTime() - row.updatedAt.getTime();
  const graceMs = Math.max(limits.stopGraceMs - spentMs, Math.min(leastGraceMs, limits.stopGraceMs));
  const isKept = row.state === 'down' && row.releaseId === dynos.live?.id && wanted.has(row.name);
  if (isKept) dynos.slots.set(row.name, dyno);
  dynos.tools.track(orAborted(dyno.stop({ then: isKept ? 'down' : 'remove', graceMs, after }), lifetime));
}

function startMissing(dynos: AppDynos, wanted: readonly DynoPlan[], rows: readonly DynoRow[]): void {
  for (const plan of wanted) {
    if (dynos.slots.has(plan.name)) continue;
    const crashes = rows.find((row) => row.name === plan.name && row.releaseId === plan.release.id)?.crashes ?? 0;
    dynos.tools.track(dynos.start(plan, crashes));
  }
}

/** A row that says `up` is not enough: the dyno may have ended since. */
function serves(one: Found | undefined): boolean {
  return one?.fate.is === 'running' && one.dyno.isUp;
}

function isStoppedButRunning({ row, fate }: Found): boolean {
  return row.state === 'down' && fate.is === 'running';
}

/** Of two dynos with one name (a restart was interrupted) the one that works counts, else the newer. */
function bestByName(all: readonly Found[]): Map<DynoName, Found> {
  const best = new Map<DynoName, Found>();
  const rank = (one: Found): number => (serves(one) ? 2 : one.fate.is === 'running' ? 1 : 0);
  for (const one of [...all].sort((a, b) => a.dyno.createdAt.getTime() - b.dyno.createdAt.getTime())) {
    const before = best.get(one.dyno.plan.name);
    if (before === undefined || rank(one) >= rank(before)) best.set(one.dyno.plan.name, one);
  }
  return best;
}

/** Not merely another one: a newer release that failed must not come back. */
function isOlder({ dyno }: Found, current: Release | null): boolean {
  return current !== null && dyno.plan.release.version < current.version;
}

function newestRelease(all: readonly Found[]): readonly Found[] {
  const newest = Math.max(...all.map(({ dyno }) => dyno.plan.release.version));
  return all.filter(({ dyno }) => dyno.plan.release.version === newest);
}
