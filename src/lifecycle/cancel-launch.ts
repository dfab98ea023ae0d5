import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { ReleaseId } from '../model/ids.ts';
import { logApiEvent } from './api-event.ts';
import type { Platform } from './platform.ts';

/**
 * Calls off a release that is being launched, whatever it is of: its release command and its booting dynos are gone two
 * seconds later, what ran before runs on, and the release has failed. One whose dynos take requests already stays: resolves
 * then, too. Throws `invalid_params` for one that is not being launched.
 */
export async function cancelLaunch(app: App, id: ReleaseId, actor: Actor, platform: Platform): Promise<void> {
  const cause = new Error(`it was cancelled by ${actor.email}`);
  if (platform.launches.has(id)) logApiEvent(app.id, 'Release cancelled', actor, platform);
  if (await platform.launches.cancel(id, cause)) return;
  throw new PlatformError(
    'invalid_params',
    'This release is not being launched, so there is nothing to cancel. To undo one that is live: heroku rollback',
  );
}
