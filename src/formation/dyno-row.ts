import type { DynoState } from '../model/dyno.ts';
import type { AppId, DynoId } from '../model/ids.ts';
import type { DynoRow } from '../store/index.ts';
import type { StopOrder } from './dyno-orders.ts';
import type { DynoPlan } from './dyno-plan.ts';

/** The state that a row tells of, for a platform process that finds the dyno. */
export function stateOfRow(row: DynoRow): DynoState {
  switch (row.state) {
    case 'starting':
      return { is: 'starting', bootDeadline: null };
    // A `stopping` one is taken over as running: whoever finds it gives the order to stop again, with what is left of its grace.
    case 'stopping':
    case 'up':
      return { is: 'up', since: row.updatedAt };
    case 'crashed':
      return { is: 'crashed', exit: row.exit, restartAt: row.restartAt ?? row.updatedAt };
    case 'down':
      return { is: 'down', exit: row.exit };
  }
}

export interface DynoNow {
  readonly id: DynoId;
  readonly state: DynoState;
  /** What an order to stop, if there is one, leaves of it. */
  readonly then: StopOrder['then'];
  readonly port: number | null;
  readonly crashes: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What is to be known of a dyno after the platform has ended. */
export function dynoRow(appId: AppId, plan: DynoPlan, dyno: DynoNow): DynoRow {
  const { state } = dyno;
  return {
    id: dyno.id,
    appId,
    name: plan.name,
    type: plan.type,
    releaseId: plan.release.id,
    size: plan.size,
    command: plan.command,
    port: dyno.port,
    // A dyno that a user stops is `down` in the store from the first moment: a platform restart must not start it again.
    state: state.is === 'stopping' && dyno.then === 'down' ? 'down' : state.is,
    exit: state.is === 'crashed' || state.is === 'down' ? state.exit : null,
    crashes: dyno.crashes,
    restartAt: state.is === 'crashed' ? state.restartAt : null,
    createdAt: dyno.createdAt,
    updatedAt: dyno.updatedAt,
  };
}
