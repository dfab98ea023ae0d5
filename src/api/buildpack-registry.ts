import { describeBuildpacks, type BuildpackInfo } from '../buildpack/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { OpenCall } from './api-call.ts';
import { withNobody, type Routes } from './route.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

/**
 * The buildpack registry as the official CLI asks it, with the buildpacks that this platform has. Like Heroku's it is open
 * to everyone: it holds nothing but what is in the platform's own source and the names that its operator has given.
 */
export const buildpackRegistryRoutes: Routes = {
  'GET /buildpacks': withNobody(async (call) => {
    const query = new URL(call.request.url, 'http://registry').searchParams;
    return (await listBuildpacks(call)).filter((buildpack) => matches(buildpack, query)).map(serialize);
  }),
  'GET /buildpacks/:buildpack': withNobody(async (call) => serialize(await findBuildpack(call))),
  'GET /buildpacks/:buildpack/revisions': withNobody(async (call) => [serializeRevision(await findBuildpack(call))]),
  'GET /buildpacks/:buildpack/readme': withNobody(async (call) => {
    const { readme } = await findBuildpack(call);
    return { content: Buffer.from(readme).toString('base64'), encoding: 'base64' };
  }),
};

function listBuildpacks({ platform }: OpenCall): Promise<readonly BuildpackInfo[]> {
  const { buildpacksDir, registryFile } = platform.buildTools;
  return describeBuildpacks(buildpacksDir, registryFile);
}

async function findBuildpack(call: OpenCall): Promise<BuildpackInfo> {
  const found = (await listBuildpacks(call)).find(({ reference }) => reference === call.param('buildpack'));
  if (found !== undefined) return found;
  throw new PlatformError('not_found', "Couldn't find that buildpack.", { resource: 'buildpack' });
}

/** `in[namespace][]=heroku`, `in[name][]=python`, `like[description]=django`: all of those that are given. */
function matches({ reference, description }: BuildpackInfo, query: URLSearchParams): boolean {
  const [namespace = '', name = ''] = reference.split('/');
  const isIn = (field: string, value: string): boolean => {
    const wanted = query.getAll(`in[${field}][]`);
    return wanted.length === 0 || wanted.includes(value);
  };
  const like = (query.get('like[description]') ?? '').toLowerCase();
  return isIn('namespace', namespace) && isIn('name', name) && description.toLowerCase().includes(like);
}

function serialize({ reference, description, changedAt }: BuildpackInfo): unknown {
  const [namespace, name] = reference.split('/');
  return {
    id: stableId('buildpack', reference),
    namespace,
    name,
    description,
    category: 'languages',
    // Clients hand it back as the reference of the buildpack.
    blob_url: `urn:buildpack:${reference}`,
    source: { type: 'platform', owner: null, repo: null },
    support: { method: 'website', address: 'the operator of this platform' },
    two_factor_authentication: false,
    created_at: timestamp(changedAt),
    updated_at: timestamp(changedAt),
  };
}

/** The platform has each buildpack in one version: its own. */
function serializeRevision({ reference, changedAt }: BuildpackInfo): unknown {
  return {
    id: stableId('buildpack-revision', reference),
    release: 1,
    status: 'published',
    license: 'MIT',
    ref: null,
    checksum: null,
    error: null,
    published_at: timestamp(changedAt),
    created_at: timestamp(changedAt),
    updated_at: timestamp(changedAt),
  };
}
