import type { Environment } from '../../config/index.ts';
import type { PlatformUrl } from '../platforms/platform-url.ts';
import { ClientError } from './client-error.ts';
import type { GitRepository } from './git-remotes.ts';

export interface AppOptions {
  readonly app?: string;
  readonly remote?: string;
}

/** The app that a command means: `--app`, HEROKU_APP, else that of the git remote. Throws when there is none, or several. */
export async function inferApp(
  { app, remote }: AppOptions,
  env: Environment,
  git: GitRepository,
  platform: PlatformUrl,
): Promise<string> {
  const named = app ?? env['HEROKU_APP'];
  if (named !== undefined && named !== '') return checkAppName(named);
  const remotes = await git.appRemotes(platform, remote);
  const [first, second] = remotes;
  if (first !== undefined && second === undefined) return first.app;
  if (second !== undefined) {
    throw new ClientError(
      [
        'Multiple apps in git remotes',
        `  Usage: --remote ${second.remote}`,
        `     or: --app ${second.app}`,
        '  Your local git repository has more than 1 app referenced in git remotes.',
        "  Because of this, we can't determine which app you want to run this command against.",
        '  Specify the app you want with --app or --remote.',
        '  Remotes in repo:',
        ...remotes.map((each) => `  ${each.app} (${each.remote})`),
      ].join('\n'),
      { kind: 'refusal' },
    );
  }
  if (remote !== undefined) {
    throw new ClientError(`remote ${remote} not found in git remotes of ${platform.host}`, { kind: 'refusal' });
  }
  throw new ClientError(
    `Missing required flag app\nName it with --app, or with a git remote: git remote add heroku https://${platform.host}/APP.git`,
    { kind: 'refusal' },
  );
}

/** An app goes into the path of a request by name or id; nothing else may. */
export function checkAppName(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,60}$/i.test(name)) return name;
  throw new ClientError(`${JSON.stringify(name.slice(0, 80))} is not the name of an app.`, { kind: 'refusal' });
}
