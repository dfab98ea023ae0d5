import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { PlatformError } from '../errors/platform-error.ts';

/** Of a DNS name, in bytes. */
const maxLength = 253;
const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/**
 * A custom domain as it is kept: lower case, punycode, no trailing dot; `*.` may stand in front of at least two labels.
 * Throws `invalid_params` saying what is wrong with it, also for a name that is the platform's (`domain`) or covers it.
 */
export function parseHostname(text: string, domain: string): string {
  const hostname = tryHostname(text);
  const shown = text.slice(0, 100);
  if (hostname === null) {
    throw new PlatformError(
      'invalid_params',
      `${JSON.stringify(shown)} is not a valid domain name. It must be one such as www.example.com or *.example.com, without http://, port or path.`,
    );
  }
  if (isOfPlatform(hostname, domain)) {
    throw new PlatformError(
      'invalid_params',
      `${hostname} is or covers a name of this platform (${domain}), which gives them out itself. Add a domain of your own.`,
    );
  }
  return hostname;
}

/** The same without a judgement of whose it is; null when it is no host name. */
export function tryHostname(text: string): string | null {
  if (text.length > 1000) return null;
  const isWildcard = text.startsWith('*.');
  const name = (isWildcard ? text.slice(2) : text).replace(/\.$/, '');
  // What a URL parser would decode, skip or cut off is no part of a name.
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(name)) return null;
  const ascii = domainToASCII(name);
  const labels = ascii.split('.');
  if (labels.length < 2 || !labels.every((part) => label.test(part))) return null;
  // `1.2.3.4`, and what resolvers may take for an address.
  if (isIP(ascii) !== 0 || /^\d+$/.test(labels.at(-1) ?? '')) return null;
  const hostname = isWildcard ? `*.${ascii}` : ascii;
  return hostname.length > maxLength ? null : hostname;
}

/** True for the platform's own domain, all below it, and a wildcard that the domain lies under. */
export function isOfPlatform(hostname: string, domain: string): boolean {
  const own = domain.toLowerCase();
  const name = hostname.replace(/^\*\./, '');
  const isBelow = name === own || name.endsWith(`.${own}`);
  return isBelow || (name !== hostname && own.endsWith(`.${name}`));
}
