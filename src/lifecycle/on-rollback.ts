import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Release } from '../model/release.ts';
import { createRelease } from '../release/index.ts';
import { initialStatus, launch } from './launch.ts';
import type { Platform } from './platform.ts';
import { whileStored } from './release-slug.ts';

/**
 * A new release with the slug and the config vars of an older one. Add-ons and the repository stay as they are.
 * Source: https://devcenter.heroku.com/articles/releases#rollback
 */
export async function onRollback(app: App, target: Release, actor: Actor, platform: Platform): Promise<Release> {
  if (target.slug === null) {
    throw new PlatformError('invalid_params', `Can't roll back to v${target.version}: nothing was deployed in it.`);
  }
  if (target.status !== 'succeeded') {
    throw new PlatformError(
      'invalid_params',
      `Can't roll back to v${target.version}: that release is ${target.status}.`,
    );
  }
  const slug = target.slug;
  const make = (): Promise<Release> =>
    platform.store.transaction(async (tx) => {
      const sealed = await tx.releases.readConfigVars(target.id);
      await tx.apps.writeConfig(app.id, sealed ?? platform.configVars.seal(app.id, {}));
      return createRelease(
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
    });
  const gone = `Can't roll back to v${target.version}: its slug is no longer stored.`;
  const release = await whileStored(slug, app, platform, make, gone);
  await platform.formation.refreshHosts(app.id);
  platform.inBackground('launch of a rollback', launch(app, release, actor, platform));
  return release;
}
