import type { App } from '../model/app.ts';
import type { BuildOutput } from '../model/build.ts';
import type { Push, PushOutcome } from '../model/push.ts';
import type { Cancellation } from './build-cancellations.ts';
import { deploySource, type SourceOrigin } from './deploy-source.ts';
import type { Platform } from './platform.ts';
import { recordOutput } from './record-output.ts';

/**
 * A push to the deploy branch, from commit to running dynos. Runs inside `pre-receive`: a rejection refuses the push.
 * A failed release command does not, as on Heroku: the release is marked failed and the old one keeps running.
 */
export async function onPush(
  push: Push,
  platform: Platform,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<PushOutcome> {
  using ending = platform.cancellations.register(push.app.id, signal);
  const waiting = describeWaiting(push.app, output);
  return await platform.builds.run(push.app.id, () => deployPush(push, platform, output, ending), waiting);
}

/** Tells whoever waits for a build how many come first. */
export function describeWaiting(app: App, output: BuildOutput): (ahead: number) => void {
  return (ahead) => {
    const first = ahead === 1 ? 'a build' : `${ahead} builds`;
    output.write(`-----> Waiting for ${first} of ${app.name} to finish first\n`);
  };
}

async function deployPush(
  push: Push,
  platform: Platform,
  pusher: BuildOutput,
  ending: Cancellation,
): Promise<PushOutcome> {
  // The app may have been destroyed or renamed while this push waited.
  const app = await platform.store.apps.findById(push.app.id);
  if (app === null) return reject(push.app, ['The app was destroyed while this push waited.'], pusher);

  const { actor, commit } = push;
  const record = await platform.store.builds.create({ appId: app.id, commit, userId: actor.accountId });
  using cancellable = platform.cancellations.register(record.id, ending.signal);
  await using output = recordOutput(record, pusher, platform);
  const origin = originOf(push, platform);
  const { signal } = cancellable;
  const isAppGone = (): boolean => ending.isCancelled();
  const outcome = await deploySource({ app, actor, record, origin, output, signal, isAppGone }, platform);
  if (outcome.status === 'launched' && outcome.isAccepted) return { status: 'accepted' };
  const isDestroyed = outcome.status === 'app-destroyed';
  return reject(app, isDestroyed ? ['The app was destroyed while this push was being launched.'] : [], output);
}

function originOf(push: Push, platform: Platform): SourceOrigin {
  return {
    version: push.commit,
    buildpacks: null,
    open: async (dir, output, signal) =>
      platform.repos.exportSource({
        objects: push.objects,
        commit: push.commit,
        dir,
        maxBytes: platform.limits.sourceMaxBytes,
        output,
        signal,
        fetchEnv: platform.buildTools.platformEnv,
        guard: {
          outbound: platform.outbound,
          mayReachLoopback: (await platform.store.accounts.findFirst())?.id === push.actor.accountId,
          privateOrigins: platform.privateSources,
        },
      }),
    describe: async () => {
      const commit = await platform.repos.readCommit(push.objects, push.commit);
      return `${commit.author}: ${commit.message}`;
    },
  };
}

function reject(app: App, why: readonly string[], output: BuildOutput): PushOutcome {
  for (const line of why) output.write(` !     ${line}\n`);
  output.write(`Verifying deploy...\n\n!\tPush rejected to ${app.name}.\n\n`);
  return { status: 'rejected' };
}
