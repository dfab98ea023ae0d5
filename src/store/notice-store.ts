import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Notice, ToldNotice } from '../model/notice.ts';
import { fromTime, fromTimeOrNull, toText, toTextOrNull, toTime, toTimeOrNull } from './codecs.ts';
import type { Handle } from './handle.ts';
import type { Schema } from './schema.ts';

export interface NoticeQueries {
  /**
   * Notes that it is told now; null if it was told after `since` already. `isToBeSent`: it is due at once. The one before of the
   * same cause is replaced.
   */
  tell(notice: Notice, options: { readonly since: Date; readonly isToBeSent: boolean }): Promise<ToldNotice | null>;
  /** The one that has waited longest, due or not. */
  nextToSend(): Promise<ToldNotice | null>;
  /** What came of an attempt. Nothing happens when it was replaced meanwhile. */
  save(id: string, state: Pick<ToldNotice, 'attempts' | 'nextAttemptAt'>): Promise<void>;
  /** Removes what was told before and is not to be sent any more. */
  purge(before: Date): Promise<void>;
}

export function noticeQueries({ read, write }: Handle): NoticeQueries {
  return {
    tell: ({ cause, message, appName }, { since, isToBeSent }) =>
      write(async (db) => {
        const last = await db.selectFrom('notices').select('told_at').where('cause', '=', cause).executeTakeFirst();
        if (last !== undefined && fromTime(last.told_at) > since) return null;
        const now = toTime(new Date());
        const row = {
          cause,
          id: randomUUID(),
          message: toText(message),
          app_name: toTextOrNull(appName),
          told_at: now,
          attempts: 0,
          next_attempt_at: isToBeSent ? now : null,
        };
        await db.deleteFrom('notices').where('cause', '=', cause).execute();
        await db.insertInto('notices').values(row).execute();
        return toNotice(row);
      }),
    nextToSend: async () => {
      const row = await read
        .selectFrom('notices')
        .selectAll()
        .where('next_attempt_at', 'is not', null)
        .orderBy('next_attempt_at')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? null : toNotice(row);
    },
    save: (id, { attempts, nextAttemptAt }) =>
      write(async (db) => {
        const change = { attempts, next_attempt_at: toTimeOrNull(nextAttemptAt) };
        await db.updateTable('notices').set(change).where('id', '=', id).execute();
      }),
    purge: (before) =>
      write(async (db) => {
        await db
          .deleteFrom('notices')
          .where('told_at', '<', toTime(before))
          .where('next_attempt_at', 'is', null)
          .execute();
      }),
  };
}

function toNotice(row: Selectable<Schema['notices']>): ToldNotice {
  return {
    cause: row.cause,
    id: row.id,
    message: row.message,
    appName: row.app_name,
    toldAt: fromTime(row.told_at),
    attempts: row.attempts,
    nextAttemptAt: fromTimeOrNull(row.next_attempt_at),
  };
}
