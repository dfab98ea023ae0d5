import type { Kysely, Selectable } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AppId, LogDrainId } from '../../model/ids.ts';
import type { LogDrain } from '../../model/log-drain.ts';
import { fromFlag, fromTime, toFlag, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { LogDrainQueries } from '../store.ts';

export function logDrainQueries({ read, write }: Handle): LogDrainQueries {
  return {
    create: (drain) =>
      write(async (db) => {
        const app = await db.selectFrom('apps').select('id').where('id', '=', drain.appId).executeTakeFirst();
        if (app === undefined) throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
        const now = toTime(new Date());
        const row = {
          id: drain.id,
          app_id: drain.appId,
          token: drain.token,
          url: drain.sealedUrl,
          may_reach_loopback: toFlag(drain.mayReachLoopback),
          created_at: now,
          updated_at: now,
        };
        await db.insertInto('log_drains').values(row).execute();
        return toLogDrain(row);
      }),
    list: async (appId) => (await drains(read).where('app_id', '=', appId).execute()).map(toLogDrain),
    listAll: async () => (await drains(read).execute()).map(toLogDrain),
    delete: (id) =>
      write(async (db) => {
        const { numDeletedRows } = await db.deleteFrom('log_drains').where('id', '=', id).executeTakeFirstOrThrow();
        return numDeletedRows === 1n;
      }),
  };
}

function drains(db: Kysely<Schema>) {
  return db.selectFrom('log_drains').selectAll().orderBy('created_at').orderBy('id');
}

function toLogDrain(row: Selectable<Schema['log_drains']>): LogDrain {
  return {
    id: row.id as LogDrainId,
    appId: row.app_id as AppId,
    token: row.token,
    sealedUrl: row.url,
    mayReachLoopback: fromFlag(row.may_reach_loopback),
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
