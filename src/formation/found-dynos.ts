import { setImmediate } from 'node:timers/promises';
import type { DynoRuntime, Exit, RunningDyno } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';
import type { DynoRow } from '../store/index.ts';

/** What became of a dyno while no platform was there. `lost`: it is not there any more and nobody saw how it ended. */
export type Fate =
  | { readonly is: 'running'; readonly handle: RunningDyno }
  | { readonly is: 'ended'; readonly exit: Exit; readonly handle: RunningDyno }
  | { readonly is: 'lost'; readonly handle: RunningDyno | null };

export interface FoundDynos {
  readonly fates: ReadonlyMap<DynoId, Fate>;
  /** Not one of the dynos that ran is left: the machine was restarted, and none of them crashed. */
  readonly machineRestarted: boolean;
  /** Processes that no row tells of. */
  readonly strangers: readonly RunningDyno[];
}

/** Compares what the store says should be there with what the runtime finds. */
export async function findDynos(runtime: DynoRuntime, rows: readonly DynoRow[]): Promise<FoundDynos> {
  const handles = await runtime.adopt();
  const fates = new Map<DynoId, Fate>();
  for (const handle of handles) fates.set(handle.spec.id, await fateOf(handle));
  for (const { id } of rows) if (!fates.has(id)) fates.set(id, { is: 'lost', handle: null });

  const known = new Set(rows.map((row) => row.id));
  const ran = rows.filter((row) => row.state !== 'crashed' && row.state !== 'down');
  return {
    fates,
    machineRestarted: ran.length > 0 && ran.every((row) => fates.get(row.id)?.is === 'lost'),
    // A release phase does not outlive the platform that waits for it; such a dyno has no row.
    strangers: handles.filter((handle) => !known.has(handle.spec.id)),
  };
}

async function fateOf(handle: RunningDyno): Promise<Fate> {
  // `exited` of a dyno that has ended is settled by now, so it wins against anything that takes a turn of the event loop.
  const exit = await Promise.race([handle.exited, setImmediate('running' as const)]);
  if (exit === 'running') return { is: 'running', handle };
  return exit === null ? { is: 'lost', handle } : { is: 'ended', exit, handle };
}
