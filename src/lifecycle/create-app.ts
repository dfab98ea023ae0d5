import { parseAppName, randomAppName } from '../app/index.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Transaction } from '../store/index.ts';
import { createRelease } from '../release/index.ts';
import type { Platform } from './platform.ts';

export interface AppRequest {
  readonly name?: string;
  readonly stack?: string;
  readonly region?: string;
  readonly buildpacks?: readonly string[];
}

/** A new app with an empty repository and, as on Heroku, its first two releases: `Initial release` and `Enable Logplex`. `also`: what is stored with it, or not at all. */
export async function createApp(
  request: AppRequest,
  actor: Actor,
  platform: Platform,
  also: (app: App, tx: Transaction) => Promise<void> = () => Promise.resolve(),
): Promise<App> {
  requireOffered('stack', request.stack, platform.stack);
  requireOffered('region', request.region, platform.region);
  const name = request.name === undefined ? randomAppName() : parseAppName(request.name);

  const app = await platform.store.transaction(async (tx) => {
    const created = await tx.apps.create({
      name,
      ownerId: actor.accountId,
      stack: platform.stack,
      region: platform.region,
    });
    for (const description of ['Initial release', 'Enable Logplex']) {
      await createRelease(
        { app: created, actor, description, slugId: null, configVars: null, status: 'succeeded' },
        tx,
        platform.logplex,
      );
    }
    // Inside the transaction, so that there is never an app without a repository; a repository whose
    // transaction failed is swept at the next start.
    await platform.repos.create(created.id);
    await also(created, tx);
    return created;
  });
  await platform.formation.refreshRoute(app);
  return app;
}

function requireOffered(what: string, wanted: string | undefined, offered: string): void {
  if (wanted !== undefined && wanted !== offered) {
    throw new PlatformError('invalid_params', `The ${what} ${wanted} is not offered here. Use ${offered}.`);
  }
}
