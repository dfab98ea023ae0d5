import { readEnvironment } from '../../config/index.ts';
import { PlatformError } from '../../errors/platform-error.ts';
import { ApiError } from '../client/client-error.ts';
import { findTarget } from '../client/target.ts';
import type { Terminal } from '../terminal.ts';
import { CredentialStore } from './credential-store.ts';
import { client } from './login-command.ts';
import { parsePlatformUrl } from './platform-url.ts';

/** `hokku platforms`: whom one is logged in to; `*` marks the one in use. No token is shown. */
export async function platformsCommand(options: { readonly json?: true }, terminal: Terminal): Promise<number> {
  const env = readEnvironment();
  const stored = await CredentialStore.of(env).list();
  const current = await findTarget(env).catch(() => null);
  const rows = stored.map(({ url, email, ca }) => ({
    url: url.origin,
    email,
    trust: ca === null ? 'public' : 'private CA',
    current: current?.url.origin === url.origin,
  }));
  const local = await findTarget(env, { platform: 'local' }).catch(() => null);
  if (local !== null) {
    rows.push({
      url: local.url.origin,
      email: '',
      trust: 'this machine',
      current: current?.url.origin === local.url.origin,
    });
  }
  if (options.json === true) terminal.out(`${JSON.stringify(rows, null, 2)}\n`);
  else if (rows.length === 0) terminal.out('You are not logged in to any platform. Log in: hokku login URL\n');
  else {
    const width = Math.max(...rows.map(({ url }) => url.length));
    for (const { url, email, trust, current: isCurrent } of rows) {
      terminal.out(`${isCurrent ? '*' : ' '} ${url.padEnd(width)}  ${email === '' ? '' : `${email}, `}${trust}\n`);
    }
  }
  return 0;
}

/** `hokku platforms:use URL|local` */
export async function usePlatformCommand(name: string, terminal: Terminal): Promise<number> {
  const env = readEnvironment();
  const store = CredentialStore.of(env);
  const target = await findTarget(env, { platform: name });
  await store.use(name === 'local' ? null : target.url);
  terminal.out(`Commands now speak to ${target.url.origin}. For the heroku CLI and git: eval "$(hokku env)"\n`);
  return 0;
}

/** `hokku logout [URL]`: forgets the token of a platform, and revokes it if the login made it. */
export async function logoutCommand(address: string | undefined, terminal: Terminal): Promise<number> {
  const store = CredentialStore.of(readEnvironment());
  const platform = address === undefined ? await store.current() : await store.find(parsePlatformUrl(address));
  if (platform === null) {
    throw new PlatformError('not_found', 'You are not logged in to it. `hokku platforms` lists where you are.');
  }
  const { url, ca, token, authorizationId } = platform;
  await store.remove(url);
  if (authorizationId !== null) {
    await client(url, ca, token)
      .request(`/oauth/authorizations/${encodeURIComponent(authorizationId)}`, { method: 'DELETE' })
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return;
        terminal.err(`hokku: the token is forgotten here, but could not be revoked at ${url.origin}\n`);
      });
  }
  terminal.out(`Logged out of ${url.origin}\n`);
  return 0;
}
