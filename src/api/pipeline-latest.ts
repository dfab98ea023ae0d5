import type { App } from '../model/app.ts';
import type { Pipeline } from '../model/pipeline.ts';
import type { Release } from '../model/release.ts';
import type { ApiCall } from './api-call.ts';
import { serializeBuild } from './builds.ts';
import { visibleApps } from './filter-apps.ts';
import { withPipeline } from './pipelines.ts';
import { serializeRelease } from './releases.ts';
import type { Routes } from './route.ts';

/** The newest of each app of a pipeline. */
export const pipelineLatestRoutes: Routes = {
  'GET /pipelines/:pipeline/latest-builds': withPipeline('view', (call, pipeline) =>
    ofEachApp(call, pipeline, async (app) => {
      const [build] = await call.platform.store.builds.list(app.id, { order: 'desc', max: 1 });
      return build === undefined ? [] : [serializeBuild(call, build, app)];
    }),
  ),
  'GET /pipelines/:pipeline/latest-releases': withPipeline('view', (call, pipeline) =>
    ofEachApp(call, pipeline, (app) => releaseOf(call, app, () => true)),
  ),
  'GET /pipelines/:pipeline/latest-deployments': withPipeline('view', (call, pipeline) =>
    ofEachApp(call, pipeline, (app) => releaseOf(call, app, bringsSlug)),
  ),
};

async function ofEachApp(
  call: ApiCall,
  { id }: Pipeline,
  find: (app: App) => Promise<readonly unknown[]>,
): Promise<unknown> {
  const coupled = new Set((await call.platform.store.pipelineCouplings.list(id)).map(({ appId }) => appId));
  const apps = (await visibleApps(call)).filter((app) => coupled.has(app.id));
  return (await Promise.all(apps.map(find))).flat();
}

type Judge = (release: Release, older: readonly Release[]) => boolean;

async function releaseOf(call: ApiCall, app: App, isWanted: Judge): Promise<readonly unknown[]> {
  const releases = await call.platform.store.releases.list(app.id, { order: 'desc' });
  const release = releases.find((candidate, index) => isWanted(candidate, releases.slice(index + 1)));
  if (release === undefined) return [];
  return [serializeRelease(call, release, app, await call.platform.store.releases.findCurrent(app.id))];
}

/** A deployment brings code that the app has not had; a change of config vars and a rollback do not. */
function bringsSlug({ slug }: Release, older: readonly Release[]): boolean {
  return slug !== null && older.every((release) => release.slug?.id !== slug.id);
}
