import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';

const minLength = 8;
const maxLength = 200;
const hashBytes = 32;
/** 32 MiB and about 100 ms. Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const cost = { N: 2 ** 15, r: 8, p: 3 };

/** One at a time: a burst of logins must not take all memory and every thread of the pool. */
const turns = new KeyedQueue<'scrypt'>();
const maxWaiting = 100;

/** Throws `invalid_params` with what is allowed. */
export function parsePassword(text: string): string {
  if (text.length >= minLength && text.length <= maxLength) return text;
  throw new PlatformError('invalid_params', `The password must have from ${minLength} to ${maxLength} characters.`);
}

/** `scrypt$N$r$p$salt$hash`, so that the cost can grow without making old ones void. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** Takes as long when there is no hash to compare with, so that the time does not tell which accounts there are. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const [, N, r, p, salt = '', hash = ''] = (stored ?? '').split('$');
  if (stored === null || password.length > maxLength) {
    await derive(password.slice(0, maxLength), randomBytes(16), cost);
    return false;
  }
  const expected = Buffer.from(hash, 'base64');
  const actual = await derive(password, Buffer.from(salt, 'base64'), { N: Number(N), r: Number(r), p: Number(p) });
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function derive(password: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> {
  if (turns.length('scrypt') >= maxWaiting) {
    throw new PlatformError('rate_limit', 'Too many logins by password at once. Try again in a minute.');
  }
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r };
  return turns.run(
    'scrypt',
    () =>
      new Promise((resolve, reject) => {
        scrypt(password.normalize('NFC'), salt, hashBytes, options, (error, key) => {
          if (error === null) resolve(key);
          else reject(error);
        });
      }),
  );
}
