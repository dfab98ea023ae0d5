import { PlatformError } from '../../errors/platform-error.ts';

/** Where a platform answers. Made of a URL that somebody typed, and safe to be shown, compared and put into a shell. */
export interface PlatformUrl {
  /** `https://paas.example.com`, `http://localhost:5000`: no user, no path, no slash at the end. */
  readonly origin: string;
  /** With the port, if it is not the scheme's own. IPv6 addresses in brackets. */
  readonly host: string;
  readonly hostname: string;
  /** As a number, the scheme's own included. */
  readonly port: number;
  readonly isHttps: boolean;
}

const maxLength = 300;
/** The URL standard lets quotes, `$` and `;` into a host name; no real name has any. */
const plainHostname = /^(?:[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])$/;
const loopback = /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Reads the address of a platform. A name without a scheme is meant as https; plain http is for this machine only, as
 * the token would travel in the clear. Throws `invalid_params`, without repeating a password that is part of the text.
 */
export function parsePlatformUrl(text: string): PlatformUrl {
  const url = text.length > maxLength ? null : parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || !plainHostname.test(url.hostname)) throw invalid();
  if (url.username !== '' || url.password !== '' || !/^\/?$/.test(url.pathname) || url.search + url.hash !== '')
    throw invalid();
  const isHttps = url.protocol === 'https:';
  if (!isHttps && !loopback.test(url.hostname)) {
    throw new PlatformError(
      'invalid_params',
      `http://${url.host} would carry your token in the clear. Use https://${url.host}; plain http is for this machine only.`,
    );
  }
  return {
    origin: url.origin,
    host: url.host,
    hostname: url.hostname,
    port: url.port === '' ? (isHttps ? 443 : 80) : Number(url.port),
    isHttps,
  };
}

function parse(text: string): URL | null {
  const trimmed = text.trim();
  try {
    return new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  } catch {
    return null;
  }
}

function invalid(): PlatformError {
  return new PlatformError(
    'invalid_params',
    'That is not the address of a platform. Give the scheme, the host and, if need be, the port: https://paas.example.com:5000',
  );
}
