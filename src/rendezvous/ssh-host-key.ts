import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';

export interface SshHostKey {
  /** PEM. */
  readonly private: string;
  /** `ssh-rsa AAAA...` */
  readonly public: string;
}

/**
 * The key by which SSH clients know this platform process. The official CLI checks none, or the one that the API has just
 * told it: so it need not outlive the process. RSA, because the CLI only knows that name.
 */
export function sshHostKeys(): () => Promise<SshHostKey> {
  let made: Promise<SshHostKey> | null = null;
  return () => (made ??= makeKey());
}

async function makeKey(): Promise<SshHostKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const parsed = ssh2.utils.parseKey(pem);
  if (parsed instanceof Error) throw new Error('Internal: the SSH host key cannot be read', { cause: parsed });
  return { private: pem, public: `ssh-rsa ${parsed.getPublicSSH().toString('base64')}` };
}
