import type { DynoState } from '../model/dyno.ts';
import type { DynoRow } from '../store/index.ts';

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

/** The columns that depend on the state. */
export function columnsOfState(
  state: DynoState,
  then: 'remove' | 'down',
): Pick<DynoRow, 'state' | 'exit' | 'restartAt'> {
  switch (state.is) {
    case 'starting':
    case 'up':
      return { state: state.is, exit: null, restartAt: null };
    case 'stopping':
      // A dyno that a user stops is `down` in the store from the first moment: a platform restart must not start it again.
      return { state: then === 'down' ? 'down' : 'stopping', exit: null, restartAt: null };
    case 'crashed':
      return { state: 'crashed', exit: state.exit, restartAt: state.restartAt };
    case 'down':
      return { state: 'down', exit: state.exit, restartAt: null };
  }
}
