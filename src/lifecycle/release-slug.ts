import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Release } from '../model/release.ts';
import type { Slug } from '../model/slug.ts';
import { createRelease } from '../release/index.ts';
import type { Transaction } from '../store/index.ts';
import { initialStatus } from './launch.ts';
import type { Platform } from './platform.ts';

/**
 * Does `work`, which makes a release of the slug, while the slug can't go. It is held before it is looked for: whoever
 * collects slugs either has it already or never will. Throws `invalid_params` when the bytes of the slug are gone.
 */
export async function withStoredSlug<T>(slug: Slug, platform: Platform, work: () => Promise<T>): Promise<T> {
  const letGo = platform.slugs.hold(slug.sha256, 0);
  try {
    if (await platform.slugs.has(slug.sha256)) return await work();
    const message = `The slug ${slug.id} is no longer stored. Deploy again to make a new one.`;
    throw new PlatformError('invalid_params', message);
  } finally {
    letGo();
  }
}

/**
 * A release of a slug with the app's present config vars; not launched yet. The slug may be another app's: then this app
 * gets one of its own with the same bytes, because it must outlive the other app.
 */
export async function releaseSlug(
  app: App,
  slug: Slug,
  description: string,
  actor: Actor,
  tx: Transaction,
  platform: Platform,
): Promise<Release> {
  const own = slug.appId === app.id ? slug : await tx.slugs.create({ ...slug, appId: app.id });
  const created = await createRelease(
    {
      app,
      actor,
      description,
      slugId: own.id,
      configVars: await tx.apps.readConfig(app.id),
      status: initialStatus(own),
    },
    tx,
    platform.logplex,
  );
  const { buildpackProvidedDescription } = own;
  await tx.apps.update(app.id, { buildpackProvidedDescription, releasedAt: created.createdAt });
  return created;
}
