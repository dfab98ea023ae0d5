import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guardUrl, type FetchGuard } from './fetch-guard.ts';
import { asArguments, fsckConfig, quietConfig } from './git-config.ts';
import { git, gitEnvironment, runGit, type GitResult } from './git.ts';
import { redactUrl, type RemoteUrl } from './remote-url.ts';

export interface RemoteLimits {
  /** Of what is fetched. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** `https_proxy`, `GIT_SSL_CAINFO`. */
  readonly fetchEnv: Readonly<Record<string, string>>;
  readonly guard: FetchGuard;
}

/** A repository elsewhere, and a bare one here that it is fetched into. */
export interface GuardedRemote {
  readonly gitDir: string;
  /** `git ls-remote`; its output is at most 1 MB. */
  list(refs: readonly string[]): Promise<GitResult>;
  /** `git fetch`, with these options before the URL and these refs after it. */
  fetch(options: readonly string[], refs: readonly string[]): Promise<GitResult>;
}

export type OpenedRemote =
  | { readonly is: 'open'; readonly remote: GuardedRemote }
  | { readonly is: 'refused'; readonly detail: string; readonly isAnswer: boolean };

/**
 * Makes the bare repository `gitDir`, whose parent exists and which the caller removes. Git is held to addresses that the
 * guard has judged, to http, https and git, and to the server that was named: it follows no redirect and runs no hook.
 */
export async function openRemote(url: RemoteUrl, gitDir: string, limits: RemoteLimits): Promise<OpenedRemote> {
  const { guard, fetchEnv, signal, timeoutMs } = limits;
  const guarded = await guardUrl(url.url, guard, fetchEnv);
  if (guarded.is === 'refused') return guarded;
  await runGit('init', ['init', '--quiet', '--bare', '--template=', gitDir], { signal });
  const credentials = join(gitDir, 'credentials');
  if (url.credential !== null) await writeFile(credentials, url.credential, { mode: 0o600 });
  // The helper's path is ours and without special characters but for what the data folder's name has; hence quoted.
  const helper = `store --file='${credentials.replaceAll("'", `'\\''`)}'`;
  const config = asArguments([
    ['core.hooksPath', '/dev/null'],
    // A server that was named may not send the platform to one that was not.
    ['http.followRedirects', 'false'],
    ...guarded.config,
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '60'],
    ...(url.credential === null ? [] : [['credential.helper', helper] as const]),
  ]);
  const env = gitEnvironment({ ...fetchEnv, GIT_ALLOW_PROTOCOL: 'https:http:git' });
  const base = [...config, ...quietConfig, ...fsckConfig('fetch'), '--git-dir', gitDir];
  return {
    is: 'open',
    remote: {
      gitDir,
      list: (refs) =>
        git([...base, 'ls-remote', '--', guarded.url, ...refs], { env, signal, timeoutMs, maxOutputBytes: 1_000_000 }),
      fetch: async (options, refs) => {
        await using watch = stopWhenLarge(gitDir, limits);
        const quiet = ['--quiet', '--no-tags', '--no-recurse-submodules'];
        return await git([...base, 'fetch', ...quiet, ...options, '--', guarded.url, ...refs], {
          env,
          signal: AbortSignal.any([signal, watch.signal]),
          timeoutMs,
        });
      },
    },
  };
}

/** Why git did not do it, in words that show no credential. */
export function describeFailure(result: GitResult, { timeoutMs }: Pick<RemoteLimits, 'timeoutMs'>): string {
  if (result.stopped === null) return refusal(result) ?? redactUrl(result.stderr.trim()).slice(-500);
  const minutes = timeoutMs / 60_000;
  const limit = `${minutes} minute${minutes === 1 ? '' : 's'}`;
  return { aborted: 'it is too large', timeout: `it took longer than ${limit}`, output: 'it has too many refs' }[
    result.stopped
  ];
}

/** What to say of a server that does not let us in; null if that is not what failed. A refused token is not sent twice: git has forgotten it by then. */
export function refusal({ stderr }: GitResult): string | null {
  if (/Authentication failed/.test(stderr)) return 'the user name and token in its URL are refused';
  if (!/could not read (Username|Password)/.test(stderr)) return null;
  return 'it is private; give its URL a token: https://USER:TOKEN@HOST/PATH';
}

/** Git has no limit for what it fetches, so the growing pack is watched. */
function stopWhenLarge(gitDir: string, { maxBytes }: RemoteLimits): AsyncDisposable & { signal: AbortSignal } {
  const controller = new AbortController();
  const pack = join(gitDir, 'objects', 'pack');
  const check = async (): Promise<void> => {
    const names = await readdir(pack).catch(() => []);
    const sizes = await Promise.all(
      names.map(async (name) => (await stat(join(pack, name)).catch(() => null))?.size ?? 0),
    );
    if (sizes.reduce((sum, size) => sum + size, 0) > maxBytes) controller.abort();
  };
  const timer = setInterval(() => void check(), 500);
  return {
    signal: controller.signal,
    [Symbol.asyncDispose]: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
