import { PlatformError } from '../errors/platform-error.ts';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import type { SlugId } from '../model/ids.ts';
import type { Platform } from './platform.ts';
import { inUseNow } from './slug-collector.ts';

/**
 * The tarball of a slug that was announced before. Only a whole and usable one makes the slug; until then it may be
 * uploaded again. Once it is there it never changes: a second upload is refused.
 */
export async function receiveSlug(id: SlugId, body: AsyncIterable<Buffer>, platform: Platform): Promise<void> {
  const draft = await platform.store.slugs.findDraft(id);
  if (draft === null) {
    if ((await platform.store.slugs.findById(id)) === null) {
      throw new PlatformError('not_found', "Couldn't find that slug.", { resource: 'slug' });
    }
    throw new PlatformError('conflict', 'This slug was uploaded already. Create another one to upload something else.');
  }
  try {
    const { checksum } = draft;
    const limits = { checksum, maxBytes: platform.limits.slugMaxBytes };
    const owner = (await platform.store.apps.findById(draft.appId))?.ownerId ?? '';
    const uploaded = await platform.slugUploads.run(owner, () => platform.slugs.receive(body, limits));
    try {
      await platform.store.slugs.finishDraft(id, uploaded);
    } finally {
      platform.slugs.settle(uploaded.sha256);
      // Refused, for one: another upload has made the slug in the meantime.
      await platform.slugs.remove(uploaded.sha256, inUseNow(platform.store));
    }
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    const message = 'The disk of the platform is full. Ask its operator to free some space, then upload again.';
    throw new PlatformError('unavailable', message, { cause: error });
  }
}
