import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Release } from '../model/release.ts';
import type { Slug } from '../model/slug.ts';
import { describeDeploy } from './describe-deploy.ts';
import { launch } from './launch.ts';
import type { Platform } from './platform.ts';
import { releaseSlug, withStoredSlug } from './release-slug.ts';

/** A release of a slug that is there already, with the app's present config vars; launched in the background. */
export async function onSlugRelease(
  app: App,
  slug: Slug,
  description: string | null,
  actor: Actor,
  platform: Platform,
): Promise<Release> {
  const release = await withStoredSlug(slug, platform, () =>
    platform.store.transaction((tx) =>
      releaseSlug(app, slug, description ?? describeDeploy(slug.commit), actor, tx, platform),
    ),
  );
  platform.inBackground('launch of a slug', launch(app, release, actor, platform));
  return release;
}
