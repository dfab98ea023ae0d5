import { PlatformError } from '../../errors/platform-error.ts';
import { hostOf, parseHttpTarget, urlProblem, type HttpTarget } from '../../lib/http-target.ts';

/** Where a drain sends. May hold the password of the URL: never log it. */
export type DrainAddress =
  | { readonly kind: 'syslog'; readonly host: string; readonly port: number; readonly tls: boolean }
  | ({ readonly kind: 'http' } & HttpTarget);

/** Throws `invalid_params`; the URL is never part of the message. */
export function parseDrainUrl(text: string): DrainAddress {
  const problem = urlProblem(text);
  if (problem !== null) throw invalid(problem);
  const url = URL.canParse(text) ? new URL(text) : null;
  switch (url?.protocol) {
    case 'syslog:':
      return syslogAddress(url, { tls: false, defaultPort: 514 });
    case 'syslog+tls:':
      return syslogAddress(url, { tls: true, defaultPort: 6514 });
    case 'http:':
    case 'https:': {
      const target = parseHttpTarget(text);
      if (typeof target === 'string') throw invalid(target);
      return { kind: 'http', ...target };
    }
    default:
      throw invalid('is not a drain: use https://host/path, syslog+tls://host:port or syslog://host:port');
  }
}

function syslogAddress(url: URL, { tls, defaultPort }: { tls: boolean; defaultPort: number }): DrainAddress {
  const host = hostOf(url);
  if (host === '') throw invalid('names no host');
  if (url.username !== '' || url.password !== '') {
    throw invalid('has a user or a password, which syslog does not know; leave them out');
  }
  return { kind: 'syslog', host, port: url.port === '' ? defaultPort : Number(url.port), tls };
}

function invalid(why: string): PlatformError {
  return new PlatformError('invalid_params', `Invalid value for url: it ${why}.`);
}
