import type { App } from '../model/app.ts';
import type { RunningDyno } from '../model/dyno.ts';
import type { AppId } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import type { DynoRow } from '../store/index.ts';
import type { AppDynos, AppDynosTools } from './app-dynos.ts';
import { findDynos, type FoundDynos } from './found-dynos.ts';
import { orAborted, pause } from './waiting.ts';
import { takeOver } from './take-over.ts';

/** A roll-out that the end of the last platform process interrupted before its swap. */
export interface InterruptedRollOut {
  readonly app: App;
  readonly release: Release;
}

/**
 * At boot: makes what runs what should run, which is the store's current release of each app. Every app has its route when
 * it resolves. Gives back the roll-outs that are to be gone on with.
 */
export async function reconcile(
  tools: AppDynosTools,
  dynosOf: (app: App) => AppDynos,
): Promise<readonly InterruptedRollOut[]> {
  const { store, log } = tools;
  const rows = await store.dynos.listAll();
  const found = await findDynos(tools.runtime, rows);
  if (found.machineRestarted) log.info({ dynos: rows.length }, 'the machine was restarted, starting all dynos');
  for (const stranger of found.strangers) tools.track(orAborted(endStranger(tools, stranger), tools.lifetime));

  const rowsOf = new Map<AppId, DynoRow[]>();
  for (const row of rows) rowsOf.set(row.appId, [...(rowsOf.get(row.appId) ?? []), row]);
  const apps = await store.apps.list();
  const interrupted = await Promise.all(
    apps.map(async (app) => {
      const release = await takeOver(dynosOf(app), rowsOf.get(app.id) ?? [], found);
      return release === null ? null : { app, release };
    }),
  );
  const known = new Set(apps.map((app) => app.id));
  for (const row of rows) if (!known.has(row.appId)) await endRowOfLostApp(tools, row, found);
  return interrupted.filter((one) => one !== null);
}

async function endRowOfLostApp(tools: AppDynosTools, row: DynoRow, found: FoundDynos): Promise<void> {
  const handle = found.fates.get(row.id)?.handle;
  if (handle != null) tools.track(orAborted(endStranger(tools, handle), tools.lifetime));
  await tools.store.dynos.remove(row.id);
}

/** Ends a process that nobody wants, and what it left on disk. */
async function endStranger(tools: AppDynosTools, dyno: RunningDyno): Promise<void> {
  const ended = new AbortController();
  const exited = dyno.exited.then(() => {
    ended.abort();
  });
  await dyno.terminate();
  await pause(tools.limits.removeGraceMs, ended.signal);
  if (!ended.signal.aborted) await dyno.kill();
  await exited;
  await tools.logs.flush();
  await dyno.remove();
}
