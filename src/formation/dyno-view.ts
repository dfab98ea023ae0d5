import type { DynoState, DynoStateName, DynoView } from '../model/dyno.ts';
import type { AppId } from '../model/ids.ts';
import type { Dyno } from './dyno.ts';

export function dynoView(dyno: Dyno, appId: AppId): DynoView {
  const { name, type, command, size, release } = dyno.plan;
  return {
    id: dyno.id,
    appId,
    name,
    type,
    command,
    size,
    state: stateName(dyno.state),
    releaseId: release.id,
    releaseVersion: release.version,
    createdAt: dyno.createdAt,
    updatedAt: dyno.updatedAt,
  };
}

function stateName(state: DynoState): DynoStateName {
  return state.is === 'stopping' ? 'down' : state.is;
}
