import type { AppFeatureQueries } from '../account-store.ts';
import { fromFlag, fromTime, toFlag, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';

export function appFeatureQueries({ read, write }: Handle): AppFeatureQueries {
  return {
    list: async (appId) => {
      const rows = await read.selectFrom('app_features').selectAll().where('app_id', '=', appId).execute();
      return rows.map((row) => ({
        name: row.name,
        enabled: fromFlag(row.enabled),
        createdAt: fromTime(row.created_at),
        updatedAt: fromTime(row.updated_at),
      }));
    },
    set: (appId, name, enabled) =>
      write(async (db) => {
        const now = toTime(new Date());
        const change = { enabled: toFlag(enabled), updated_at: now };
        await db
          .insertInto('app_features')
          .values({ app_id: appId, name, created_at: now, ...change })
          .onConflict((conflict) => conflict.columns(['app_id', 'name']).doUpdateSet(change))
          .execute();
      }),
  };
}
