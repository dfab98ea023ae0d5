import { createHmac } from 'node:crypto';

/** 16 hex digits that tell secret keys apart and say nothing about them. */
export function keyFingerprint(secretKey: Uint8Array): string {
  return createHmac('sha256', secretKey).update('hokku key fingerprint').digest('hex').slice(0, 16);
}
