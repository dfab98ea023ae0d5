import { nowMicros } from '../lib/micros.ts';
import type { Build } from '../model/build.ts';
import type { AppId } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import { hasReleasePhase, isOvertaken, launch } from './launch.ts';
import type { Platform } from './platform.ts';

/**
 * Ends what the last platform process left pending. Gives back the releases that are to be launched again, at most one for
 * each app: those whose maker had been told that they are made. A push had not, and was refused when the platform ended,
 * and a promotion ends as failed; a release command may have done half of its work, and only its author knows whether it
 * may run twice.
 */
export async function settleInterrupted(platform: Platform): Promise<readonly Release[]> {
  const { builds, releases, pipelinePromotions } = platform.store;
  for (const build of await builds.listPending()) {
    await builds.finish(build.id, { status: 'failed' });
    say(build.appId, `Build failed -- the platform was stopped during it, ${nextStep(build)} again`, platform);
  }
  const again = new Map<AppId, Release>();
  const promoted = new Set((await pipelinePromotions.listPendingTargets()).map(({ releaseId }) => releaseId));
  // By version: of several, the newest is launched, and its end is the others' too.
  for (const release of await releases.listPending()) {
    if (await isOvertaken(release, platform)) await releases.setStatus(release.id, 'succeeded');
    else if (promoted.has(release.id)) await failPromoted(release, platform);
    else if (hasReleasePhase(release) || (await findBuild(release, platform)) !== null) await fail(release, platform);
    else again.set(release.appId, release);
  }
  return [...again.values()];
}

/** Launches a release that an earlier platform process had begun to launch. */
export async function relaunch(release: Release, platform: Platform): Promise<void> {
  const app = await platform.store.apps.findById(release.appId);
  if (app === null) return;
  const { version, userId: accountId, userEmail: email } = release;
  say(app.id, `Release v${version} was interrupted by a restart of the platform and is launched again`, platform);
  await launch(app, release, { accountId, email }, platform);
}

async function findBuild(release: Release, platform: Platform): Promise<Build | null> {
  const builds = await platform.store.builds.list(release.appId, { order: 'desc' });
  return builds.find(({ releaseId }) => releaseId === release.id) ?? null;
}

function nextStep({ source }: Build): string {
  return source === null ? 'push' : 'build';
}

async function fail(release: Release, platform: Platform): Promise<void> {
  await platform.store.releases.setStatus(release.id, 'failed');
  const message = `Release v${release.version} failed: the platform was stopped before it was live. The release before it keeps running.`;
  const build = await findBuild(release, platform);
  const next =
    build === null
      ? 'Its config vars stay set and run with the next release.'
      : `${nextStep(build) === 'push' ? 'Push' : 'Build'} again.`;
  say(release.appId, `${message} ${next}`, platform);
}

async function failPromoted(release: Release, platform: Platform): Promise<void> {
  await platform.store.releases.setStatus(release.id, 'failed');
  const message = `Release v${release.version} failed: the platform was stopped before it was live. The release before it keeps running. Promote again.`;
  say(release.appId, message, platform);
}

function say(appId: AppId, message: string, platform: Platform): void {
  platform.logplex.append(appId, [{ atMicros: nowMicros(), source: 'app', process: 'api', message }]);
}
