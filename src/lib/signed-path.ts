import { createHmac, timingSafeEqual } from 'node:crypto';

export type SignedMethod = 'GET' | 'PUT';

/**
 * Paths that carry their own permission, for clients that send no token: `<path>?expires=<seconds since 1970>&signature=<hex>`.
 * A signature is for one method, one path and one time, and outlives a restart of the platform.
 */
export class PathSigner {
  readonly #key: Uint8Array;

  /** `secretKey`: the platform's; what is signed with is derived from it, so that it opens nothing else. */
  constructor(secretKey: Uint8Array) {
    this.#key = createHmac('sha256', secretKey).update('signed paths').digest();
  }

  sign(method: SignedMethod, path: string, expiresAt: Date): string {
    const expires = Math.floor(expiresAt.getTime() / 1000);
    return `${path}?expires=${expires}&signature=${this.#signature(method, path, expires).toString('hex')}`;
  }

  /** Of a request's target (`/path?query`), or of the same part of a URL. */
  check(method: SignedMethod, target: string, now = Date.now()): 'valid' | 'expired' | 'forged' {
    const [path, expires, signature] =
      /^([^?]+)\?expires=(\d{1,12})&signature=([0-9a-f]{64})$/.exec(target)?.slice(1) ?? [];
    if (path === undefined || expires === undefined || signature === undefined) return 'forged';
    const wanted = this.#signature(method, path, Number(expires));
    if (!timingSafeEqual(wanted, Buffer.from(signature, 'hex'))) return 'forged';
    return Number(expires) * 1000 > now ? 'valid' : 'expired';
  }

  #signature(method: SignedMethod, path: string, expires: number): Buffer {
    return createHmac('sha256', this.#key).update(`${method}\n${path}\n${expires}`).digest();
  }
}
