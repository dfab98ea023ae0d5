import { PlatformError } from '../errors/platform-error.ts';
import { toTime } from './codecs.ts';
import type { Handle } from './handle.ts';
import { resealColumns, type Reseal } from './sealed-columns.ts';

/** Of a secret key, which is nowhere in the store. */
export interface SecretKeyRecord {
  readonly version: number;
  readonly fingerprint: string;
}

export interface SecretKeyQueries {
  /** The key that everything in the store is sealed with; null before the first start that notes it. */
  find(): Promise<SecretKeyRecord | null>;
  /** At the first start. */
  create(fingerprint: string): Promise<SecretKeyRecord>;
  /**
   * Seals every encrypted value anew and notes the new key, in one transaction. `count`: of the values. Throws `conflict`
   * when `from` is not the present key, and what `reseal` throws.
   */
  replace(from: string, to: string, reseal: Reseal): Promise<SecretKeyRecord & { readonly count: number }>;
}

export function secretKeyQueries({ read, write }: Handle): SecretKeyQueries {
  const newest = (db: Handle['read']): Promise<SecretKeyRecord | undefined> =>
    db
      .selectFrom('secret_keys')
      .select(['version', 'fingerprint'])
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
  return {
    find: async () => (await newest(read)) ?? null,
    create: (fingerprint) =>
      write(async (db) => {
        const row = { version: 1, fingerprint };
        await db
          .insertInto('secret_keys')
          .values({ ...row, created_at: toTime(new Date()) })
          .execute();
        return row;
      }),
    replace: (from, to, reseal) =>
      write(async (db) => {
        const present = await newest(db);
        if (present?.fingerprint !== from)
          throw new PlatformError('conflict', 'The secret key was changed by somebody else meanwhile.');
        const count = await resealColumns(db, reseal);
        const row = { version: present.version + 1, fingerprint: to };
        await db
          .insertInto('secret_keys')
          .values({ ...row, created_at: toTime(new Date()) })
          .execute();
        return { ...row, count };
      }),
  };
}
