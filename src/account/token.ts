import { createHash, randomUUID } from 'node:crypto';

/** A new API token: `HRKU-` and a UUID with 122 random bits, as Heroku's tokens look. */
export function newToken(): string {
  return `HRKU-${randomUUID()}`;
}

/** SHA-256, hex. Plain and fast, because a token is random: there is nothing to guess that a slow hash would guard. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** Enough of a token for its owner to tell it by, and 92 random bits too little to use it: `HRKU-1a2b**********3c4d`. */
export function hintOf(token: string): string {
  return token.length < 40 ? maskedPart : `${token.slice(0, 9)}${maskedPart}${token.slice(-4)}`;
}

/** The official CLI matches its token against texts with these ten stars in the middle. */
export const maskedPart = '**********';
