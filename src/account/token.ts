import { createHash, randomUUID } from 'node:crypto';

/** A new API token: `HRKU-` and a UUID with 122 random bits, as Heroku's tokens look. */
export function newToken(): string {
  return `HRKU-${randomUUID()}`;
}

/** How long a client has to exchange its code, in milliseconds. */
export const grantLifeMs = 5 * 60_000;

/** What a client exchanges for a token: a UUID too. */
export function newGrantCode(): string {
  return randomUUID();
}

/** SHA-256, hex. Plain and fast, because a token is random: there is nothing to guess that a slow hash would guard. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** In place of what is not known of a token. The official CLI takes them as a wildcard when it looks for its own. */
const masked = '**********';

/**
 * Enough of a token for its owner, and for the CLI's logout, to tell it by, and too little to use it:
 * `HRKU-1a2b**********3c4d`. Null for one so short that this would give it away.
 */
export function hintOf(token: string): string | null {
  return token.length < 40 ? null : `${token.slice(0, 9)}${masked}${token.slice(-4)}`;
}
