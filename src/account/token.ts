import { createHash, randomUUID } from 'node:crypto';

/** A new API token: `HRKU-` and a UUID with 122 random bits, as Heroku's tokens look. */
export function newToken(): string {
  return `HRKU-${randomUUID()}`;
}

/** SHA-256, hex. Plain and fast, because a token is random: there is nothing to guess that a slow hash would guard. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
