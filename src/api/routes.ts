import { accountRoutes } from './account.ts';
import { appFeatureRoutes } from './app-features.ts';
import { appRoutes } from './apps.ts';
import { buildRoutes } from './builds.ts';
import { buildpackInstallationRoutes } from './buildpack-installations.ts';
import { catalogRoutes } from './catalog.ts';
import { configVarRoutes } from './config-vars.ts';
import { dynoRoutes } from './dynos.ts';
import { formationRoutes } from './formation.ts';
import { logSessionRoutes } from './log-sessions.ts';
import { notOfferedRoutes } from './not-offered.ts';
import { releaseRoutes } from './releases.ts';
import type { Routes } from './route.ts';
import { schemaRoutes } from './schema.ts';

/** Every endpoint of this platform, each declared in the file of its resource. */
export const apiRoutes: Routes = {
  ...accountRoutes,
  ...appRoutes,
  ...appFeatureRoutes,
  ...configVarRoutes,
  ...formationRoutes,
  ...dynoRoutes,
  ...releaseRoutes,
  ...buildRoutes,
  ...buildpackInstallationRoutes,
  ...logSessionRoutes,
  ...catalogRoutes,
  ...notOfferedRoutes,
  ...schemaRoutes,
};
