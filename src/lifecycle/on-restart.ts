import { PlatformError } from '../errors/platform-error.ts';
import type { DynoSelector } from '../formation/index.ts';
import { settlesWithin } from '../lib/settles-within.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { DynoView } from '../model/dyno.ts';
import { logDeed } from './api-event.ts';
import type { Platform } from './platform.ts';

/** Restarts dynos; one-off dynos end. Answers at once, as Heroku does; the restart itself goes on in the background. */
export function onRestart(app: App, which: DynoSelector, actor: Actor, platform: Platform): void {
  if (stopsOneOffs(app, which, actor, platform)) return;
  const chosen = requireSomeDyno(app, which, platform);
  const [command] = chosen.filter(({ type }) => type === 'release');
  if (command !== undefined && !('all' in which)) {
    const message = `Can't restart ${command.name}: a release command runs once. To end it: heroku ps:stop ${command.name} --app ${app.name}`;
    throw new PlatformError('invalid_params', message);
  }
  logDeed(app, { action: 'dyno:restart', event: `Restarted ${describeSelector(which)}` }, actor, platform);
  platform.inBackground('restart', platform.formation.restart(app, which));
}

/** While a roll-out is under way, an order waits for its end; who has given it does not. */
const orderWaitMs = 1_000;

/**
 * Stops dynos until the next release, restart or scale. A release command ends for good, and its release has failed.
 * Resolves when the order is in the store, where no crash of the platform loses it, or after a second.
 */
export async function onStop(app: App, which: DynoSelector, actor: Actor, platform: Platform): Promise<void> {
  if (stopsOneOffs(app, which, actor, platform)) return;
  requireSomeDyno(app, which, platform);
  logDeed(app, { action: 'dyno:stop', event: `Stopped ${describeSelector(which)}` }, actor, platform);
  const ordered = platform.formation.stop(app, which);
  platform.inBackground('stop', ordered);
  // That it fails is told by inBackground.
  await settlesWithin(ordered, orderWaitMs);
}

/** True if it was only about one-off dynos. */
function stopsOneOffs(app: App, which: DynoSelector, actor: Actor, platform: Platform): boolean {
  const chosen = platform.formation.list(app.id).filter((dyno) => selects(which, dyno));
  const isOnlyOneOffs = chosen.every(({ name }) => platform.oneOffs.find(app.id, name) !== null);
  if (!platform.oneOffs.stop(app.id, which) || !isOnlyOneOffs) return false;
  logDeed(app, { action: 'dyno:stop', event: `Stopped ${describeSelector(which)}` }, actor, platform);
  return true;
}

/** The dynos that the selector names; `not_found` when there are none, unless it means all. */
function requireSomeDyno(app: App, which: DynoSelector, platform: Platform): readonly DynoView[] {
  const chosen = platform.formation.list(app.id).filter((dyno) => selects(which, dyno));
  if (chosen.length > 0 || 'all' in which) return chosen;
  const message = 'type' in which ? `Couldn't find that process type (${which.type}).` : "Couldn't find that dyno.";
  throw new PlatformError('not_found', message, { resource: 'dyno' });
}

function selects(which: DynoSelector, dyno: DynoView): boolean {
  if ('all' in which) return true;
  return 'type' in which ? dyno.type === which.type : dyno.name === which.name;
}

function describeSelector(which: DynoSelector): string {
  if ('all' in which) return 'all dynos';
  return 'type' in which ? `${which.type} dynos` : which.name;
}
