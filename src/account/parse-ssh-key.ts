import { createHash } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import type { SshKey } from '../model/ssh-key.ts';

const maxLength = 16 * 1024;
const maxComment = 200;
const types = /^(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;

/** One line of a `.pub` file. Throws `invalid_params`, also for a private key, of which nothing is repeated. */
export function parseSshKey(text: string): Pick<SshKey, 'publicKey' | 'fingerprint' | 'comment'> {
  if (text.includes('PRIVATE KEY')) {
    throw invalid('This is a private key. Never give it away; send the .pub file beside it.');
  }
  const [type = '', encoded = '', ...rest] = text.trim().split(/[ \t]+/);
  const key = Buffer.from(encoded, 'base64');
  const isWhole = text.length <= maxLength && !/[\r\n]/.test(text.trim()) && types.test(type);
  if (!isWhole || !isKeyOf(type, key) || key.toString('base64') !== encoded) {
    throw invalid('Key is not a valid SSH public key. Send one line of a .pub file: type, key, comment.');
  }
  const comment = rest.join(' ').slice(0, maxComment);
  const md5 = createHash('md5').update(key).digest('hex');
  const fingerprint = (md5.match(/../g) ?? []).join(':');
  return { publicKey: [type, encoded, comment].join(' ').trim(), fingerprint, comment };
}

/** The key begins with its type, after the length of it. Source: RFC 4253, section 6.6 */
function isKeyOf(type: string, key: Buffer): boolean {
  const end = 4 + type.length;
  return key.length > end && key.readUInt32BE(0) === type.length && key.toString('latin1', 4, end) === type;
}

function invalid(message: string): PlatformError {
  return new PlatformError('invalid_params', message);
}
