import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/**
 * AES-256-GCM with a random nonce: `version (1 byte) | nonce (12) | tag (16) | ciphertext`. The version says how it was
 * sealed, so that a later one can change the key or the cipher and still read what is there.
 */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + nonceBytes + tagBytes;

/** `context` must be the same when it is opened: what was sealed for one app is worthless to another. */
export function seal(plaintext: Uint8Array, key: Uint8Array, context: string): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedData(context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), ciphertext]);
}

/** Null when the key or the context is another one, or when a bit was changed: which of them can't be known. */
export function unseal(sealed: Uint8Array, key: Uint8Array, context: string): Buffer | null {
  if (sealed.length < headerBytes || sealed[0] !== version) return null;
  const nonce = sealed.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associatedData(context));
  decipher.setAuthTag(sealed.subarray(1 + nonceBytes, headerBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(headerBytes)), decipher.final()]);
  } catch {
    return null; // `final` knows no other failure than that the tag does not fit
  }
}

const associatedData = (context: string): Buffer => Buffer.from(`${version}:${context}`, 'utf8');
