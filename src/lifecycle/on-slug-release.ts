import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Release } from '../model/release.ts';
import type { Slug } from '../model/slug.ts';
import { createRelease } from '../release/index.ts';
import { describeDeploy } from './describe-deploy.ts';
import { initialStatus, launch } from './launch.ts';
import type { Platform } from './platform.ts';

/**
 * A release of a slug that is there already, with the app's present config vars; launched in the background. The slug may be
 * another app's: then this app gets one of its own with the same bytes, because it must outlive the other app.
 */
export async function onSlugRelease(
  app: App,
  slug: Slug,
  description: string | null,
  actor: Actor,
  platform: Platform,
): Promise<Release> {
  // From now on the slug stays, and it is looked for afterwards: whoever collects slugs either has it already or never will.
  const letGo = platform.slugs.hold(slug.sha256, app.uid);
  try {
    if (!(await platform.slugs.has(slug.sha256))) {
      const message = `The slug ${slug.id} is no longer stored. Deploy again to make a new one.`;
      throw new PlatformError('invalid_params', message);
    }
    const release = await storeRelease(app, slug, description, actor, platform);
    platform.inBackground('launch of a slug', launch(app, release, actor, platform));
    return release;
  } finally {
    letGo();
  }
}

function storeRelease(
  app: App,
  slug: Slug,
  description: string | null,
  actor: Actor,
  platform: Platform,
): Promise<Release> {
  return platform.store.transaction(async (tx) => {
    const own = slug.appId === app.id ? slug : await tx.slugs.create({ ...slug, appId: app.id });
    const created = await createRelease(
      {
        app,
        actor,
        description: description ?? describeDeploy(slug.commit),
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
  });
}
