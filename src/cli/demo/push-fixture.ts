import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf, run, startProcess } from '../../lib/spawn.ts';

export interface FixturePush {
  readonly fixtureDir: string;
  /** Holds the token; it is given to git by its environment, so that the process list does not show it. */
  readonly remote: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Makes a git repository of the fixture outside the checkout and pushes it; git's own output goes to this terminal. Resolves with git's exit status. */
export async function pushFixture(push: FixturePush): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-demo-'));
  try {
    const work = join(dir, 'app');
    await cp(push.fixtureDir, work, { recursive: true });
    const env = gitEnvironment(push, dir);
    const git = (...args: string[]): Promise<Buffer> => run('git', args, { cwd: work, env, timeoutMs: 60_000 });
    await git('init', '--quiet', '--initial-branch=main');
    await writeFile(join(work, '.git', 'info', 'exclude'), 'expect.json\n');
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'Say hello');
    // A new commit at each run, so that each run deploys.
    await git('commit', '--quiet', '--amend', '--no-edit', '--date', new Date().toISOString());
    await git('remote', 'add', 'heroku', new URL(push.remote).href.replace(/\/\/[^@]*@/, '//'));
    const child = startProcess('git', ['push', '--force', 'heroku', 'main'], {
      cwd: work,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return await exitCodeOf(child);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Git as a newcomer has it, with the token by a credential helper and no settings of this user or machine in the way. */
function gitEnvironment(push: FixturePush, home: string): Record<string, string> {
  const { username, password } = new URL(push.remote);
  return {
    PATH: push.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Hokku',
    GIT_AUTHOR_EMAIL: 'demo@localhost',
    GIT_COMMITTER_NAME: 'Hokku',
    GIT_COMMITTER_EMAIL: 'demo@localhost',
    HOKKU_DEMO_USER: username,
    HOKKU_DEMO_TOKEN: decodeURIComponent(password),
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'credential.helper',
    GIT_CONFIG_VALUE_0:
      '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$HOKKU_DEMO_USER" "$HOKKU_DEMO_TOKEN"; }; f',
  };
}
