import type { Environment } from '../../config/index.ts';
import { spawn } from '../../lib/spawn.ts';
import type { PlatformUrl } from '../platforms/platform-url.ts';

export interface AppRemote {
  readonly remote: string;
  readonly app: string;
}

/** The git of the working copy that a command runs in. */
export class GitRepository {
  readonly #env: Readonly<Record<string, string>>;

  constructor(env: Environment) {
    this.#env = Object.fromEntries(
      Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  }

  /** Remotes that lead to apps of this platform; all, or the one of this name. Without git or a repository: none. */
  async appRemotes(url: PlatformUrl, only?: string): Promise<readonly AppRemote[]> {
    const [remotes, preferred] = await Promise.all([
      this.#git('remote', '-v'),
      only === undefined ? this.#git('config', 'heroku.remote') : only,
    ]);
    const name = preferred?.trim() ?? '';
    return parseRemotes(remotes ?? '', url).filter(({ remote }) => name === '' || remote === name);
  }

  /** Whatever `heroku.remote` of the git config says. */
  async allAppRemotes(url: PlatformUrl): Promise<readonly AppRemote[]> {
    return parseRemotes((await this.#git('remote', '-v')) ?? '', url);
  }

  /** Whether this folder is the top of a working copy. */
  async isRepository(): Promise<boolean> {
    return (await this.#git('rev-parse', '--git-dir'))?.trim() === '.git';
  }

  /** A remote of that name that is there already stays. Resolves with whether it was added. */
  async addRemote(name: string, url: string): Promise<boolean> {
    return (await this.#git('remote', 'add', '--', name, url)) !== null;
  }

  async setRemote(name: string, url: string): Promise<void> {
    await this.#git('remote', 'set-url', '--', name, url);
  }

  async removeRemote(name: string): Promise<void> {
    await this.#git('remote', 'remove', '--', name);
  }

  /** Null when it fails. */
  async #git(...args: string[]): Promise<string | null> {
    try {
      const { exitCode, stdout } = await spawn('git', args, { env: this.#env, timeoutMs: 10_000 });
      return exitCode === 0 ? stdout.toString('utf8') : null;
    } catch {
      return null;
    }
  }
}

function parseRemotes(listing: string, url: PlatformUrl): readonly AppRemote[] {
  return listing.split('\n').flatMap((line) => {
    const match = /^([^\t]+)\t(\S+) \(fetch\)/.exec(line);
    const app = match?.[2] === undefined ? null : appOf(match[2], url);
    return match?.[1] === undefined || app === null ? [] : [{ remote: match[1], app }];
  });
}

/** As the official CLI writes it: always https, which the platform's one port speaks too. */
export function gitUrl({ hostname, port, isHttps, origin }: PlatformUrl, app: string): string {
  return `${isHttps ? origin : `https://${hostname}:${port}`}/${app}.git`;
}

/** The app of a remote such as `https://paas.example.com/my-app.git`; null when it is another host's. */
export function appOf(remote: string, platform: PlatformUrl): string | null {
  const match = /^(https?:\/\/)(?:[^/@]*@)?([^/@]+)\/([a-z][a-z0-9-]{0,60})(?:\.git)?\/?$/i.exec(remote);
  if (match === null) return null;
  try {
    const { hostname, port, protocol } = new URL(`${match[1] ?? ''}${match[2] ?? ''}`);
    const isSamePort = Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port) === platform.port;
    return isSamePort && sameHost(hostname, platform.hostname) ? (match[3] ?? null) : null;
  } catch {
    return null;
  }
}

function sameHost(one: string, other: string): boolean {
  const local = ['localhost', '127.0.0.1', '[::1]'];
  return one === other || (local.includes(one) && local.includes(other));
}
