import { readFile } from 'node:fs/promises';

/** Where the CAs that a machine trusts lie: Debian and its kin, Fedora and its kin, Alpine. */
const machineCas = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
] as const;

/** File names and contents. */
export type CurlSettings = Readonly<Record<'.curlrc' | 'ca.pem', string>>;

interface Connection {
  /** Where these files lie in the build. */
  readonly home: string;
  readonly port: number;
  /** Null: all. */
  readonly hosts: readonly string[] | null;
  readonly environment: Readonly<Record<string, string>>;
  /** Of the mirror, PEM. */
  readonly ca: string;
}

/**
 * curl reads these before its options, inside of scripts, too. A `cacert` of one's own replaces all others, so it holds
 * what the build trusts besides. Source: curl(1), --config, --connect-to
 */
export async function curlSettings({ home, port, hosts, environment, ca }: Connection): Promise<CurlSettings> {
  const to = (from: string): string => `connect-to = "${from}:127.0.0.1:${port}"`;
  const connections = hosts === null ? [to(':')] : hosts.flatMap((host) => withPorts(host).map(to));
  const bypassed = hosts === null ? '*' : [ownBypass(environment), ...hosts.map(withoutPort)].filter(Boolean).join(',');
  const lines = [...connections, `noproxy = "${bypassed.replace(/["\\\s]/g, '')}"`, `cacert = "${home}/ca.pem"`];
  return { '.curlrc': `${lines.join('\n')}\n`, 'ca.pem': `${await trustedCas(environment)}\n${ca}` };
}

function withPorts(host: string): readonly string[] {
  return host.includes(':') ? [host] : [`${host}:443`, `${host}:80`];
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}

function ownBypass(environment: Readonly<Record<string, string>>): string {
  return environment['no_proxy'] ?? environment['NO_PROXY'] ?? '';
}

async function trustedCas(environment: Readonly<Record<string, string>>): Promise<string> {
  for (const path of [environment['CURL_CA_BUNDLE'], environment['SSL_CERT_FILE'], ...machineCas]) {
    const text = path === undefined ? null : await readFile(path, 'utf8').catch(() => null);
    if (text !== null) return text;
  }
  return '';
}
