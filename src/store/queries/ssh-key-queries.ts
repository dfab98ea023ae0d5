import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AccountId, SshKeyId } from '../../model/ids.ts';
import type { SshKey } from '../../model/ssh-key.ts';
import type { SshKeyQueries } from '../account-store.ts';
import { fromTime, toText, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';

export function sshKeyQueries({ read, write }: Handle): SshKeyQueries {
  return {
    create: ({ accountId, publicKey, fingerprint, comment }) =>
      write(async (db) => {
        const row = await db
          .insertInto('ssh_keys')
          .values({
            id: randomUUID(),
            account_id: accountId,
            public_key: toText(publicKey),
            fingerprint,
            comment: toText(comment),
            created_at: toTime(new Date()),
          })
          .onConflict((conflict) => conflict.columns(['account_id', 'fingerprint']).doNothing())
          .returningAll()
          .executeTakeFirst();
        if (row !== undefined) return toKey(row);
        throw new PlatformError('invalid_params', 'Fingerprint already exists: this account has this SSH key already.');
      }),
    list: async (accountId) => {
      const rows = await read
        .selectFrom('ssh_keys')
        .selectAll()
        .where('account_id', '=', accountId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toKey);
    },
    delete: (id) =>
      write(async (db) => {
        await db.deleteFrom('ssh_keys').where('id', '=', id).execute();
      }),
  };
}

function toKey(row: Selectable<Schema['ssh_keys']>): SshKey {
  return {
    id: row.id as SshKeyId,
    accountId: row.account_id as AccountId,
    publicKey: row.public_key,
    fingerprint: row.fingerprint,
    comment: row.comment,
    createdAt: fromTime(row.created_at),
  };
}
