import type { AccountId, SshKeyId } from './ids.ts';

export interface SshKey {
  readonly id: SshKeyId;
  readonly accountId: AccountId;
  /** One line: type, base64, comment. */
  readonly publicKey: string;
  /** MD5 of the key, as pairs of hex digits with colons between. */
  readonly fingerprint: string;
  readonly comment: string;
  readonly createdAt: Date;
}
