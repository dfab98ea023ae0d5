import { PlatformError } from '../errors/platform-error.ts';
import { onAppSetup, type AppSetupRequest } from '../lifecycle/index.ts';
import type { AppSetup } from '../model/app-setup.ts';
import type { AppSetupId } from '../model/ids.ts';
import type { ApiCall } from './api-call.ts';
import { withAccount, type Routes } from './route.ts';
import {
  identityField,
  invalidField,
  objectBody,
  objectField,
  objectsField,
  stringField,
  type JsonObject,
} from './body.ts';
import { maxBuildpacks, referenceField } from './buildpack-installations.ts';
import { requireScope } from './require-scope.ts';
import { streamUrl } from './signed-urls.ts';
import { sourceBlobField } from './source-blob.ts';
import { timestamp } from './timestamp.ts';

/** Apps made from a source with an app.json. */
export const appSetupRoutes: Routes = {
  'POST /app-setups': withAccount(createSetup, { reach: 'apps' }),
  'GET /app-setups/:setup': withAccount(
    async (call) => {
      const setup = await call.platform.store.appSetups.findById(call.param('setup').toLowerCase() as AppSetupId);
      if (setup?.accountId !== call.account.id) {
        throw new PlatformError('not_found', "Couldn't find that app setup.", { resource: 'app-setup' });
      }
      return serializeSetup(call, setup);
    },
    { reach: 'apps' },
  ),
};

async function createSetup(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const request: AppSetupRequest = {
    blob: sourceBlobField(body),
    app: appRequest(objectField(body, 'app') ?? {}),
    overrides: overridesOf(objectField(body, 'overrides') ?? {}),
    environment: null,
  };
  // They become config vars, and a token that may not set those of an app may not bring them along with a new one.
  if (Object.keys(request.overrides.env).length > 0) {
    requireScope(call.authorization, { reach: 'config-vars', does: 'write' }, call.request.method);
  }
  const setup = await onAppSetup(request, call.actor, call.platform);
  call.reply.code(202);
  return serializeSetup(call, setup);
}

function appRequest(app: JsonObject): AppSetupRequest['app'] {
  for (const field of ['organization', 'space']) {
    if (identityField(app, field) !== undefined)
      throw invalidField(`app.${field}`, 'is not offered here; leave it out');
  }
  const name = stringField(app, 'name');
  const stack = identityField(app, 'stack');
  const region = identityField(app, 'region');
  return {
    ...(name === undefined ? {} : { name }),
    ...(stack === undefined ? {} : { stack }),
    ...(region === undefined ? {} : { region }),
  };
}

function overridesOf(overrides: JsonObject): AppSetupRequest['overrides'] {
  const env = Object.entries(objectField(overrides, 'env') ?? {});
  for (const [key, value] of env) {
    if (!/^\w{1,255}$/.test(key) || typeof value !== 'string') {
      throw invalidField('overrides.env', 'must be an object of strings');
    }
  }
  const buildpacks = objectsField(overrides, 'buildpacks', maxBuildpacks);
  return {
    env: Object.fromEntries(env) as Record<string, string>,
    buildpacks: buildpacks?.map((item) => referenceField(item, 'url')) ?? null,
  };
}

async function serializeSetup(call: ApiCall, setup: AppSetup): Promise<unknown> {
  const { postdeploy } = setup;
  return {
    id: setup.id,
    status: setup.status,
    failure_message: setup.failureMessage,
    manifest_errors: setup.manifestErrors,
    app: { id: setup.appId, name: setup.appName },
    build: await serializeBuild(call, setup),
    postdeploy: postdeploy === null ? null : { output: postdeploy.output, exit_code: postdeploy.exitCode },
    resolved_success_url: setup.successUrl,
    environment: 'production',
    created_at: timestamp(setup.createdAt),
    updated_at: timestamp(setup.updatedAt),
  };
}

/** The build of a failed setup has gone with its app. */
async function serializeBuild(call: ApiCall, { buildId, appId, status }: AppSetup): Promise<unknown> {
  if (buildId === null) return null;
  const build = await call.platform.store.builds.findById(buildId);
  const known = build?.status ?? (status === 'failed' ? 'failed' : 'pending');
  return { id: buildId, status: known, output_stream_url: streamUrl(call, appId, buildId) };
}
