import { PlatformError } from '../../errors/platform-error.ts';
import { isLocalHost } from '../../lib/outbound.ts';

/** Where a drain sends, taken apart. Holds the password of the URL: never log it. */
export type DrainAddress =
  | { readonly kind: 'syslog'; readonly host: string; readonly port: number; readonly tls: boolean }
  | {
      readonly kind: 'http';
      readonly host: string;
      readonly port: number;
      readonly tls: boolean;
      readonly path: string;
      /** `Basic ...`, from the user and password in the URL. */
      readonly authorization: string | null;
    };

const maxLength = 2048;
const defaultPorts = { 'syslog:': 514, 'syslog+tls:': 6514, 'http:': 80, 'https:': 443 } as const;

/** Throws `invalid_params`; the URL is never part of the message. */
export function parseDrainUrl(text: string): DrainAddress {
  if (text.length > maxLength) throw invalid(`has ${text.length} characters; ${maxLength} are allowed`);
  // The URL parser would drop some of these silently.
  if (/[\p{Cc}\s]/u.test(text)) throw invalid('contains spaces or control characters; encode them (%20)');
  const url = URL.canParse(text) ? new URL(text) : null;
  const protocol = url?.protocol as keyof typeof defaultPorts;
  if (url === null || !Object.hasOwn(defaultPorts, protocol)) {
    throw invalid('is not a drain: use https://host/path, syslog+tls://host:port or syslog://host:port');
  }
  const port = url.port === '' ? defaultPorts[protocol] : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw invalid('names no host');
  if (port === 0) throw invalid('names port 0; give the port that the receiver listens on');
  const target = { host, port };
  if (protocol === 'syslog:' || protocol === 'syslog+tls:') {
    if (url.username !== '' || url.password !== '') {
      throw invalid('has a user or a password, which syslog does not know; leave them out');
    }
    return { kind: 'syslog', ...target, tls: protocol === 'syslog+tls:' };
  }
  if (protocol === 'http:' && !isLocalHost(url.hostname)) {
    throw invalid('would send the log unencrypted over the network; use https (http is for receivers on this machine)');
  }
  const path = `${url.pathname}${url.search}`;
  return { kind: 'http', ...target, tls: protocol === 'https:', path, authorization: basicOf(url) };
}

function basicOf(url: URL): string | null {
  if (url.username === '' && url.password === '') return null;
  try {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(credentials).toString('base64')}`;
  } catch {
    throw invalid('has a user or password with a broken % code; encode them again');
  }
}

function invalid(why: string): PlatformError {
  return new PlatformError('invalid_params', `Invalid value for url: it ${why}.`);
}
