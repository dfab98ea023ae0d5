import { delimiter, join } from 'node:path';
import type { Environment } from '../../config/index.ts';
import { packageRoot } from '../../lib/package-root.ts';
import type { Target } from '../client/target.ts';
import { gitVariables, gitVariablesWithoutOurs } from './git-settings.ts';
import type { PlatformUrl } from './platform-url.ts';

/** Holds a `heroku` that starts the official one with a guard over its requests. */
export const guardDir = join(packageRoot, 'client', 'bin');

/**
 * What the official CLI (11.10.0) and git need to speak to a platform, tried one by one, and to nothing else. Each of the
 * CLI's side hosts is pointed there too: left alone they would get the token. Without HEROKU_NETRC_WRITE the CLI would put
 * the token over that of a real Heroku account. `bundle`: path of the CAs to trust; null: whom the machine trusts.
 */
export function herokuVariables(
  { url, token }: Target,
  bundle: string | null,
  env: Environment,
): Readonly<Record<string, string>> {
  const { origin, hostname, host } = url;
  const git = `https://${url.isHttps ? host : `${hostname}:${url.port}`}`;
  const needsHeader = !addsTokenItself.has(hostname);
  return {
    HEROKU_HOST: herokuHost(url),
    // Always set: an earlier platform's would send that one's token to this one.
    HEROKU_HEADERS: needsHeader ? JSON.stringify({ authorization: `Bearer ${token}` }) : '{}',
    HEROKU_API_KEY: token,
    HEROKU_GIT_HOST: new URL(git).host,
    HEROKU_DATA_HOST: hostname,
    HEROKU_POSTGRESQL_HOST: hostname,
    HEROKU_REDIS_HOST: hostname,
    HEROKU_PARTICLEBOARD_URL: origin,
    HEROKU_LOGIN_HOST: origin,
    HEROKU_BUILDPACK_REGISTRY_URL: origin,
    HEROKU_STATUS_HOST: origin,
    HEROKU_EXEC_URL: `${git}/`,
    PGDIAGNOSE_URL: hostname,
    ...(bundle === null ? {} : { NODE_EXTRA_CA_CERTS: bundle }),
    DISABLE_TELEMETRY: 'true',
    HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
    HEROKU_DISABLE_AUTOUPDATE: 'true',
    HEROKU_NETRC_WRITE: 'true',
    HOKKU_TOKEN_ORIGIN: origin,
    PATH: [guardDir, ...pathWithoutGuard(env)].join(delimiter),
    ...(url.isHttps ? {} : withoutProxy(env)),
    // GIT_SSL_CAINFO, where it is set, overrides the certificate of a single host, so it has to hold both.
    ...(bundle === null || env['GIT_SSL_CAINFO'] === undefined ? {} : { GIT_SSL_CAINFO: bundle }),
    ...gitVariables(env, { gitOrigin: git, tokenOrigin: origin, bundle }),
  };
}

/** What `hokku env --unset` puts back; every other variable of `herokuVariables` goes. */
export function variablesWithoutOurs(env: Environment): Readonly<Record<string, string>> {
  const git = gitVariablesWithoutOurs(env);
  return {
    PATH: pathWithoutGuard(env).join(delimiter),
    ...(git['GIT_CONFIG_COUNT'] === '0' ? {} : git),
  };
}

const addsTokenItself: ReadonlySet<string> = new Set(['localhost', '127.0.0.1']);

/**
 * Another name than these the CLI takes for a mistake: it would go on with Heroku itself and send it the token. With
 * `localhost` as user name it takes any, and goes to the host that is written behind it.
 */
function herokuHost({ origin, hostname, host, isHttps }: PlatformUrl): string {
  const value = addsTokenItself.has(hostname) ? origin : `${isHttps ? 'https' : 'http'}://localhost@${host}`;
  if (!isAcceptedByHerokuCli(value)) throw new Error(`Internal: the heroku CLI would not accept ${value}`);
  return value;
}

/** The rule of version 11.10.0 for HEROKU_HOST, after whose failure it goes on with heroku.com. */
export function isAcceptedByHerokuCli(host: string): boolean {
  const rest = host.replace(/^https?:\/\//, '');
  const domains = ['heroku.com', 'herokai.com', 'herokuspace.com', 'herokudev.com'];
  const isHerokus = domains.some((domain) => rest === domain || rest.endsWith(`.${domain}`));
  return isHerokus || rest.includes('localhost') || rest.includes('127.0.0.1');
}

function pathWithoutGuard(env: Environment): readonly string[] {
  return (env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '' && dir !== guardDir);
}

/** Plain http to this machine must not make a way through a proxy, which would see the token. */
function withoutProxy(env: Environment): Readonly<Record<string, string>> {
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
  if (names.every((name) => (env[name] ?? '') === '')) return {};
  const present = (env['NO_PROXY'] ?? env['no_proxy'] ?? '').split(',').map((host) => host.trim());
  const hosts = [...new Set([...present, 'localhost', '127.0.0.1', '::1'])].filter((host) => host !== '').join(',');
  return { NO_PROXY: hosts, no_proxy: hosts };
}
