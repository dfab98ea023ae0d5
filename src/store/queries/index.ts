import type { Handle } from '../handle.ts';
import type { Queries } from '../store.ts';
import { accountQueries } from './account-queries.ts';
import { appQueries } from './app-queries.ts';
import { authorizationQueries } from './authorization-queries.ts';
import { buildQueries } from './build-queries.ts';
import { collaboratorQueries } from './collaborator-queries.ts';
import { dynoQueries } from './dyno-queries.ts';
import { formationQueries } from './formation-queries.ts';
import { releaseQueries } from './release-queries.ts';
import { slugQueries } from './slug-queries.ts';

export function queriesOf(handle: Handle): Queries {
  return {
    accounts: accountQueries(handle),
    authorizations: authorizationQueries(handle),
    apps: appQueries(handle),
    collaborators: collaboratorQueries(handle),
    slugs: slugQueries(handle),
    builds: buildQueries(handle),
    releases: releaseQueries(handle),
    formation: formationQueries(handle),
    dynos: dynoQueries(handle),
  };
}
