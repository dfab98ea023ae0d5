import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { Platform } from './platform.ts';

type AcmTools = Pick<Platform, 'store' | 'formation' | 'certificates'>;

/**
 * The platform gets certificates for the app's domains and renews them, from now on. Throws `not_implemented` where the
 * operator has not agreed to the terms of an authority.
 */
export async function enableAcm(app: App, platform: AcmTools): Promise<App> {
  requireAuthority(platform);
  const changed = app.acm ? app : await platform.store.apps.update(app.id, { acm: true });
  platform.certificates.wake();
  return changed;
}

/** Its domains go back to the platform's certificate before this resolves; orders under way come to nothing. */
export async function disableAcm(app: App, platform: AcmTools): Promise<App> {
  const changed = await platform.store.transaction(async (tx) => {
    for (const endpoint of await tx.sniEndpoints.list(app.id)) {
      if (endpoint.acm) await tx.sniEndpoints.delete(endpoint.id);
    }
    await tx.acm.clear(app.id);
    return app.acm ? tx.apps.update(app.id, { acm: false }) : app;
  });
  await platform.formation.refreshHosts(app.id);
  return changed;
}

/** What has no certificate yet, or could not be renewed, is tried again now. */
export async function refreshAcm(app: App, platform: AcmTools): Promise<App> {
  requireAuthority(platform);
  if (!app.acm) {
    throw new PlatformError(
      'invalid_params',
      'Automated Certificate Management is disabled on this app. Enable it with heroku certs:auto:enable first.',
    );
  }
  await platform.store.transaction(async (tx) => {
    for (const { id, appId, order } of await tx.acm.listWanted()) {
      if (appId !== app.id || order === null || order.status === 'cert issued') continue;
      await tx.acm.save(id, { ...order, status: 'pending', reason: null, attempts: 0, nextAt: new Date() });
    }
  });
  platform.certificates.wake();
  return app;
}

function requireAuthority({ certificates }: AcmTools): void {
  if (certificates.isOffered) return;
  throw new PlatformError(
    'not_implemented',
    'Automated Certificate Management is not offered by this platform yet: its operator has to agree to the terms of a ' +
      "certificate authority (Let's Encrypt unless HOKKU_ACME_DIRECTORY says otherwise) by setting HOKKU_ACME_EMAIL. " +
      'Until then, add a certificate of your own with heroku certs:add.',
  );
}
