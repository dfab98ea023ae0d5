import type { Handle } from '../handle.ts';
import type { Queries } from '../store.ts';
import { accountQueries } from './account-queries.ts';
import { appQueries } from './app-queries.ts';
import { buildQueries } from './build-queries.ts';
import { dynoQueries } from './dyno-queries.ts';
import { formationQueries } from './formation-queries.ts';
import { logDrainQueries } from './log-drain-queries.ts';
import { releaseQueries } from './release-queries.ts';
import { slugQueries } from './slug-queries.ts';

export function queriesOf(handle: Handle): Queries {
  return {
    accounts: accountQueries(handle),
    apps: appQueries(handle),
    slugs: slugQueries(handle),
    builds: buildQueries(handle),
    releases: releaseQueries(handle),
    formation: formationQueries(handle),
    dynos: dynoQueries(handle),
    logDrains: logDrainQueries(handle),
  };
}
