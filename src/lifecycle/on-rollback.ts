import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Release } from '../model/release.ts';
import type { Slug } from '../model/slug.ts';
import { createRelease } from '../release/index.ts';
import { initialStatus, launch } from './launch.ts';
import type { Platform } from './platform.ts';

/**
 * A new release with the slug and the config vars of an older one. Add-ons and the repository stay as they are.
 * Source: https://devcenter.heroku.com/articles/releases#rollback
 */
export async function onRollback(app: App, target: Release, actor: Actor, platform: Platform): Promise<Release> {
  if (target.slug === null) {
    throw new PlatformError('invalid_params', `Can't roll back to v${target.version}: nothing was deployed in it.`);
  }
  if (target.status === 'expired') throw slugGone(target);
  if (target.status !== 'succeeded') {
    throw new PlatformError(
      'invalid_params',
      `Can't roll back to v${target.version}: that release is ${target.status}.`,
    );
  }
  // From now on the slug stays, and it is looked for afterwards: whoever collects slugs either has it already or never will.
  const letGo = platform.slugs.hold(target.slug.sha256, app.uid);
  try {
    if (!(await platform.slugs.has(target.slug.sha256))) throw slugGone(target);
    const release = await storeRollback(app, target, target.slug, actor, platform);
    await platform.formation.refreshHosts(app.id);
    platform.inBackground('launch of a rollback', launch(app, release, actor, platform));
    return release;
  } finally {
    letGo();
  }
}

async function storeRollback(
  app: App,
  target: Release,
  slug: Slug,
  actor: Actor,
  platform: Platform,
): Promise<Release> {
  return platform.store.transaction(async (tx) => {
    const sealed = await tx.releases.readConfigVars(target.id);
    await tx.apps.writeConfig(app.id, sealed ?? platform.configVars.seal(app.id, {}));
    const release = await createRelease(
      {
        app,
        actor,
        description: `Rollback to v${target.version}`,
        slugId: slug.id,
        configVars: sealed,
        status: initialStatus(slug),
      },
      tx,
      platform.logplex,
    );
    // It may have expired a moment ago; from here on it can't.
    if ((await tx.releases.findById(target.id))?.status === 'expired') throw slugGone(target);
    return release;
  });
}

function slugGone({ version, slug }: Release): PlatformError {
  const again = slug?.commit == null ? 'Deploy it again' : `Push the commit ${slug.commit} again`;
  return new PlatformError(
    'invalid_params',
    `Can't roll back to v${version}: it has expired, its slug is no longer stored. ${again}, or choose a newer release from \`heroku releases\`.`,
  );
}
