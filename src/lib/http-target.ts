import { isLocalHost } from './outbound.ts';

/** A URL to be called, taken apart. Holds its password: never log it. */
export interface HttpTarget {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** `Basic ...`, from the user and password in the URL. */
  readonly authorization: string | null;
}

const maxLength = 2048;

/** Why no text like this is a URL to be called, as the end of "it ..."; null: nothing is wrong so far. */
export function urlProblem(text: string): string | null {
  if (text.length > maxLength) return `has ${text.length} characters; ${maxLength} are allowed`;
  // The URL parser would drop some of these silently.
  if (/[\p{Cc}\s]/u.test(text)) return 'contains spaces or control characters; encode them (%20)';
  if (URL.canParse(text) && new URL(text).port === '0')
    return 'names port 0; give the port that the receiver listens on';
  return null;
}

/** `text` has passed `urlProblem`. Returns why it can't be used, as the end of "it ...". */
export function parseHttpTarget(text: string): HttpTarget | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return 'is no https:// URL';
  const tls = url.protocol === 'https:';
  if (!tls && !isLocalHost(url.hostname)) {
    return 'would be sent to unencrypted over the network; use https (http is for receivers on this machine)';
  }
  const authorization = basicOf(url);
  if (authorization === undefined) return 'has a user or password with a broken % code; encode them again';
  return {
    tls,
    host: hostOf(url),
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    authorization,
  };
}

/** Without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function basicOf(url: URL): string | null | undefined {
  if (url.username === '' && url.password === '') return null;
  try {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(credentials).toString('base64')}`;
  } catch {
    return undefined;
  }
}
