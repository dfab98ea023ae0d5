import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Environment } from '../../config/index.ts';
import { PlatformError } from '../../errors/platform-error.ts';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import { parsePlatformUrl, type PlatformUrl } from './platform-url.ts';

/** What `hokku login` keeps of one platform. */
export interface StoredPlatform {
  readonly url: PlatformUrl;
  readonly email: string;
  readonly token: string;
  /** PEM of the CA that alone is trusted for this platform; null: whom the machine trusts. */
  readonly ca: string | null;
  /** The authorization that this login made, and its logout revokes; null when the token was given. */
  readonly authorizationId: string | null;
}

/**
 * The platforms that somebody is logged in to: one file each (0600) in `$XDG_CONFIG_HOME/hokku/platforms`, and the one
 * in use named in `current`. One file per platform, so that two logins at once don't lose each other's.
 */
export class CredentialStore {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  static of(env: Environment): CredentialStore {
    const xdg = env['XDG_CONFIG_HOME'];
    const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(env['HOME'] ?? homedir(), '.config');
    return new CredentialStore(join(base, 'hokku'));
  }

  /** Of this platform alone: `<...>/platforms/paas.example.com_8443.pem`. */
  path(url: PlatformUrl, extension: string): string {
    return join(this.dir, 'platforms', `${url.host.replaceAll(/[^a-z0-9.-]/g, '_')}.${extension}`);
  }

  async find(url: PlatformUrl): Promise<StoredPlatform | null> {
    const stored = await this.#read(this.path(url, 'json'));
    // The same host and port by another scheme is the same platform: the port tells TLS from HTTP.
    return stored !== null && stored.url.host === url.host ? stored : null;
  }

  async list(): Promise<readonly StoredPlatform[]> {
    const dir = join(this.dir, 'platforms');
    const names = await readdir(dir).catch(() => []);
    const files = names.filter((name) => name.endsWith('.json')).sort();
    const platforms = await Promise.all(files.map((name) => this.#read(join(dir, name))));
    return platforms.filter((platform) => platform !== null);
  }

  async save(platform: StoredPlatform): Promise<void> {
    await mkdir(join(this.dir, 'platforms'), { recursive: true, mode: 0o700 });
    await chmod(this.dir, 0o700);
    const { url, ...rest } = platform;
    await writeFileAtomic(this.path(url, 'json'), `${JSON.stringify({ url: url.origin, ...rest }, null, 2)}\n`, 0o600);
  }

  async remove(url: PlatformUrl): Promise<void> {
    await rm(this.path(url, 'json'), { force: true });
    await rm(this.path(url, 'pem'), { force: true });
    if ((await this.#currentOrigin()) === url.origin) await this.use(null);
  }

  /** The platform in use; null: the one of this machine. */
  async current(): Promise<StoredPlatform | null> {
    const origin = await this.#currentOrigin();
    return origin === null ? null : await this.find(parsePlatformUrl(origin));
  }

  async use(url: PlatformUrl | null): Promise<void> {
    const path = join(this.dir, 'current');
    if (url === null) await rm(path, { force: true });
    else await writeFileAtomic(path, `${url.origin}\n`, 0o600);
  }

  async #currentOrigin(): Promise<string | null> {
    const origin = (await readIfThere(join(this.dir, 'current')))?.trim();
    return origin === undefined || origin === '' ? null : origin;
  }

  async #read(path: string): Promise<StoredPlatform | null> {
    const text = await readIfThere(path);
    if (text === null) return null;
    try {
      const { url, email, token, ca, authorizationId } = JSON.parse(text) as Record<string, unknown>;
      if (typeof url !== 'string' || typeof token !== 'string' || token === '') throw new Error('a field is missing');
      return {
        url: parsePlatformUrl(url),
        token,
        email: typeof email === 'string' ? email : '',
        ca: typeof ca === 'string' ? ca : null,
        authorizationId: typeof authorizationId === 'string' ? authorizationId : null,
      };
    } catch {
      // No cause: an error of JSON quotes what it could not read, and that is a token.
      throw new PlatformError(
        'not_found',
        `${path} is damaged. Remove it, then log in again with \`hokku login URL\`.`,
      );
    }
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new PlatformError(
      'unavailable',
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}).`,
    );
  }
}
