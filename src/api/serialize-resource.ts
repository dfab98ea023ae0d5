import type { Platform } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { Build } from '../model/build.ts';
import type { Collaborator } from '../model/collaborator.ts';
import type { Domain, SniEndpoint } from '../model/domain.ts';
import type { FormationEntry } from '../model/formation.ts';
import type { Release } from '../model/release.ts';
import type { DynoRow } from '../store/index.ts';
import type { SerializeResource } from '../webhook/index.ts';
import { serializeApp } from './apps.ts';
import { serializeBuild } from './builds.ts';
import { serializeCollaborator } from './collaborators.ts';
import { serializeDomain } from './domains.ts';
import { serializeDyno } from './dynos.ts';
import { serializeFormation } from './formation.ts';
import { serializeRelease } from './releases.ts';
import { serializeSniEndpoint } from './sni-endpoints.ts';

/** What webhooks are told of a thing is what the API answers for it. */
export function serializeResource(platform: Platform): SerializeResource {
  const { releases } = platform.store;
  return async (include, thing, app) => {
    switch (include) {
      case 'api:app':
        return (await serializeApp(thing as App, platform)) as object;
      case 'api:build':
        return serializeBuild({ platform }, thing as Build, app) as object;
      case 'api:formation':
        return firstOf(await serializeFormation(platform, app, [thing as FormationEntry]));
      case 'api:release':
        return serializeRelease({ platform }, thing as Release, app, await releases.findCurrent(app.id)) as object;
      case 'api:dyno': {
        const row = thing as DynoRow;
        const release = await releases.findById(row.releaseId);
        const state = row.state === 'stopping' ? 'down' : row.state;
        return serializeDyno({ ...row, state, releaseVersion: release?.version ?? 0 }, app);
      }
      case 'api:collaborator':
        return serializeCollaborator(thing as Collaborator, app) as object;
      case 'api:domain':
        return serializeDomain({ platform }, app, thing as Domain) as object;
      case 'api:sni-endpoint':
        return serializeSniEndpoint(app, thing as SniEndpoint, await platform.store.domains.list(app.id)) as object;
      default:
        // Nothing of the other kinds happens here yet.
        return thing;
    }
  };
}

function firstOf(things: readonly unknown[]): object {
  return things[0] as object;
}
