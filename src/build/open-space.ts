import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { insidePath, type BuildSpace } from '../buildpack/index.ts';
import type { BuildInput, BuildTools } from './build-input.ts';
import { placeCurlSettings, placePlatformFiles } from './platform-files.ts';
import type { WorkFolder } from './work-folder.ts';

/** What every script of a build sees: Heroku's folders and environment, the app's config vars not in it. */
export async function openSpace(input: BuildInput, tools: BuildTools, work: WorkFolder): Promise<BuildSpace> {
  const { sandbox, runInSandbox } = tools;
  const dyno = `run.${randomInt(1000, 10_000)}`;
  const inside = (path: string): string => insidePath({ sandbox, tmpDir: work.tmpDir }, path);
  return {
    sandbox,
    runInSandbox,
    uid: input.app.uid,
    hostname: dyno.replace('.', '-'),
    tmpDir: work.tmpDir,
    homeDir: work.homeDir,
    env: {
      ...(await placePlatformFiles(tools.platformEnv, work, inside, tools.log)),
      ...(tools.mirror === null ? {} : await placeCurlSettings(tools.mirror, work, inside)),
      BUILDPACK_LOG_FILE: '/dev/null',
      DYNO: dyno,
      HOME: '/app',
      LANG: 'en_US.UTF-8',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      REQUEST_ID: randomUUID(),
      SOURCE_VERSION: input.version ?? '',
      STACK: input.app.stack,
      ...(input.isForTests === true ? { CI: 'true' } : {}),
      // Without a /tmp of its own, a script's temporary files should at least go where they are removed.
      ...(sandbox.hasPrivatePaths ? {} : { TMPDIR: work.tmpDir }),
    },
    buildDir: inside(work.buildPath),
    cacheDir: inside(work.cachePath),
    envDir: inside(join(work.envPath)),
    signal: input.signal,
    deadlineMs: performance.now() + input.limits.timeoutMs,
  };
}
