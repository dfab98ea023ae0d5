import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readApiKey, readEnvironment, type Environment } from '../config/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { findDataDir, readPlatformFile } from './local-platform.ts';
import type { Terminal } from './terminal.ts';

/** Prints the variables that point the official CLI and git at the platform of this data folder. */
export async function envCommand(
  options: { readonly shell: string; readonly json?: true },
  terminal: Terminal,
): Promise<number> {
  const format = shells[options.shell];
  if (format === undefined) {
    terminal.err(
      `hokku: unknown shell ${JSON.stringify(options.shell)}. Allowed: ${Object.keys(shells).join(', ')}.\n`,
    );
    return 2;
  }
  const env = readEnvironment();
  const dataDir = findDataDir(env, process.cwd(), process.getuid?.() === 0);
  const { port, bind, domain, hasOwnCertificate } = await readPlatformFile(dataDir);
  const apiKey = await readApiKey(env, dataDir);
  if (apiKey === null)
    throw new PlatformError(
      'not_found',
      `${join(dataDir, 'admin-token')} is missing. Set HOKKU_API_KEY to the platform's token.`,
    );
  const bundle = await writeCaBundle(env, dataDir);
  const variables = clientVariables({ host: clientHost(bind, domain, hasOwnCertificate), port, apiKey, bundle, env });
  if (options.json === true) terminal.out(`${JSON.stringify(variables, null, 2)}\n`);
  else for (const [name, value] of Object.entries(variables)) terminal.out(`${format(name, value)}\n`);
  return 0;
}

interface ClientTarget {
  readonly host: string;
  readonly port: number;
  readonly apiKey: string;
  readonly bundle: string;
  readonly env: Environment;
}

/**
 * What the official CLI (11.10.0) needs, tried one by one. Each of its side hosts is pointed here too: left alone they
 * would get the token. Without HEROKU_NETRC_WRITE the CLI would put the token over that of a real Heroku account.
 */
function clientVariables({ host, port, apiKey, bundle, env }: ClientTarget): Readonly<Record<string, string>> {
  const isLocal = host === 'localhost';
  const git = `https://${host}:${port}`;
  const http = isLocal ? `http://${host}:${port}` : git;
  const first = firstGitEntry(env, `http.${git}/.sslCAInfo`);
  return {
    // Another name than these the CLI takes for a mistake: it would go on with Heroku itself and send it the token.
    // With `localhost` as user name it goes to the host that is written behind it. It adds no token there by itself.
    HEROKU_HOST: isLocal ? http : `https://localhost@${host}:${port}`,
    ...(isLocal ? {} : { HEROKU_HEADERS: JSON.stringify({ authorization: `Bearer ${apiKey}` }) }),
    HEROKU_API_KEY: apiKey,
    HEROKU_DATA_HOST: host,
    HEROKU_PARTICLEBOARD_URL: http,
    HEROKU_LOGIN_HOST: http,
    HEROKU_BUILDPACK_REGISTRY_URL: http,
    HEROKU_STATUS_HOST: http,
    HEROKU_EXEC_URL: `${git}/`,
    PGDIAGNOSE_URL: host,
    NODE_EXTRA_CA_CERTS: bundle,
    DISABLE_TELEMETRY: 'true',
    HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
    HEROKU_DISABLE_AUTOUPDATE: 'true',
    HEROKU_NETRC_WRITE: 'true',
    // GIT_SSL_CAINFO, where it is set, overrides the certificate below, so it has to hold both.
    ...(env['GIT_SSL_CAINFO'] === undefined ? {} : { GIT_SSL_CAINFO: bundle }),
    GIT_CONFIG_COUNT: String(Math.max(first + 2, Number(env['GIT_CONFIG_COUNT'] ?? 0) || 0)),
    [`GIT_CONFIG_KEY_${first}`]: `http.${git}/.sslCAInfo`,
    [`GIT_CONFIG_VALUE_${first}`]: bundle,
    [`GIT_CONFIG_KEY_${first + 1}`]: `credential.${git}.helper`,
    [`GIT_CONFIG_VALUE_${first + 1}`]:
      '!f() { test "$1" = get && printf "username=hokku\\npassword=%s\\n" "$HEROKU_API_KEY"; }; f',
  };
}

/** Settings that this shell gives to git in the same way stay; ours of an earlier call are replaced. */
function firstGitEntry(env: Environment, key: string): number {
  const count = Number(env['GIT_CONFIG_COUNT'] ?? 0) || 0;
  const present = Array.from({ length: count }, (_, n) => n).find((n) => env[`GIT_CONFIG_KEY_${n}`] === key);
  return present ?? count;
}

/** The name to call the platform by: an operator's own certificate is for the domain, an address other than the usual ones answers under its own name. */
function clientHost(bind: string, domain: string, hasOwnCertificate: boolean): string {
  if (hasOwnCertificate) return domain;
  return ['127.0.0.1', '0.0.0.0', '::1', '::'].includes(bind) ? 'localhost' : bind.includes(':') ? `[${bind}]` : bind;
}

/** The platform's own CA behind the one that this shell trusts already: replacing the latter would cut the user off from a company network. */
async function writeCaBundle(env: Environment, dataDir: string): Promise<string> {
  const own = await readFile(join(dataDir, 'tls', 'ca.pem'), 'utf8').catch(() => '');
  const bundle = join(dataDir, 'ca-bundle.pem');
  const trusted = env['NODE_EXTRA_CA_CERTS'] ?? env['GIT_SSL_CAINFO'];
  const others = trusted === undefined || trusted === bundle ? '' : await readFile(trusted, 'utf8').catch(() => '');
  const present = await readFile(bundle, 'utf8').catch(() => '');
  const wanted = trusted === bundle && present.includes(own) ? present : `${others}\n${own}`;
  if (present !== wanted) await writeFileAtomic(bundle, wanted);
  return bundle;
}

const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

const shells: Readonly<Record<string, (name: string, value: string) => string>> = {
  sh: (name, value) => `export ${name}=${quote(value)}`,
  fish: (name, value) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  powershell: (name, value) => `$env:${name} = '${value.replaceAll("'", "''")}'`,
};
