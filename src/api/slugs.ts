import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { SlugId } from '../model/ids.ts';
import type { ProcessTypes, Slug, SlugDraft } from '../model/slug.ts';
import type { ApiCall } from './api-call.ts';
import { withApp, type Routes } from './route.ts';
import { identityField, invalidField, objectBody, objectField } from './body.ts';
import { downloadUrl, uploadUrl } from './signed-urls.ts';
import { checksumField, lineField } from './source-blob.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

const maxTypes = 100;
const maxCommandLength = 16_384;

export const slugRoutes: Routes = {
  'POST /apps/:app/slugs': withApp('deploy', createSlug),
  'GET /apps/:app/slugs/:slug': withApp('deploy', async (call, app) => {
    const id = call.param('slug').toLowerCase() as SlugId;
    const { slugs } = call.platform.store;
    const slug = (await slugs.findById(id)) ?? (await slugs.findDraft(id));
    if (slug?.appId !== app.id) throw new PlatformError('not_found', "Couldn't find that slug.", { resource: 'slug' });
    return serializeSlug(call, slug);
  }),
};

async function createSlug(call: ApiCall, app: App): Promise<unknown> {
  const body = objectBody(call.body);
  const stack = identityField(body, 'stack');
  if (stack !== undefined && stack !== app.stack && stack !== stableId('stack', app.stack)) {
    throw invalidField('stack', `must be ${app.stack}, the stack that is offered here`);
  }
  const draft = await call.platform.store.slugs.createDraft({
    appId: app.id,
    checksum: checksumField(body),
    commit: lineField(body, 'commit', 200),
    commitDescription: lineField(body, 'commit_description', 1000),
    processTypes: processTypesField(body),
    buildpackProvidedDescription: lineField(body, 'buildpack_provided_description', 200),
    stack: app.stack,
  });
  call.reply.code(201);
  return serializeSlug(call, draft);
}

function processTypesField(body: ReturnType<typeof objectBody>): ProcessTypes {
  const types = objectField(body, 'process_types');
  if (types === undefined) throw invalidField('process_types', 'must be an object of commands by process type');
  const entries = Object.entries(types);
  if (entries.length > maxTypes) throw invalidField('process_types', `must have at most ${maxTypes} types`);
  for (const [type, command] of entries) {
    if (!/^[-\w]{1,128}$/.test(type) || type === '__proto__') {
      throw invalidField('process_types', 'must have names of letters, digits, hyphens and underscores only');
    }
    if (typeof command !== 'string' || command.trim() === '' || command.includes('\0')) {
      throw invalidField(`process_types.${type}`, 'must be a command');
    }
    if (command.length > maxCommandLength) {
      throw invalidField(`process_types.${type}`, `must have at most ${maxCommandLength} characters`);
    }
  }
  return Object.fromEntries(entries) as ProcessTypes;
}

/** Of a slug that is not uploaded yet the blob says where to; of one that is, where from. */
function serializeSlug(call: ApiCall, slug: Slug | SlugDraft): unknown {
  const isUploaded = 'sha256' in slug;
  const checksum = isUploaded ? slug.sha256 : slug.checksum;
  return {
    id: slug.id,
    blob: isUploaded
      ? { method: 'GET', url: downloadUrl(call, 'slugs', slug.id) }
      : { method: 'PUT', url: uploadUrl(call, 'slugs', slug.id) },
    buildpack_provided_description: slug.buildpackProvidedDescription,
    checksum: checksum === null ? null : `SHA256:${checksum}`,
    commit: slug.commit,
    commit_description: slug.commitDescription,
    process_types: slug.processTypes,
    size: isUploaded ? slug.sizeBytes : null,
    stack: { id: stableId('stack', slug.stack), name: slug.stack },
    created_at: timestamp(slug.createdAt),
    updated_at: timestamp(slug.createdAt),
    deleted_at: null,
  };
}
