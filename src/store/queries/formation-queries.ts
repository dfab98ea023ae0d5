import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { defaultDynoSize, type DynoSizeName, type FormationEntry } from '../../model/formation.ts';
import type { AppId, ProcessType } from '../../model/ids.ts';
import { fromTime, sortByText, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { FormationQueries } from '../store.ts';

export function formationQueries({ read, write }: Handle): FormationQueries {
  return {
    list: async (appId) => {
      const rows = await read.selectFrom('formation').selectAll().where('app_id', '=', appId).execute();
      return sortByText(rows, (row) => row.type).map(toEntry);
    },
    set: (appId, type, { quantity, size }) =>
      write(async (db) => {
        const now = toTime(new Date());
        const row = await db
          .insertInto('formation')
          .values({
            id: randomUUID(),
            app_id: appId,
            type,
            quantity: quantity ?? 0,
            size: size ?? defaultDynoSize,
            created_at: now,
            updated_at: now,
          })
          .onConflict((conflict) =>
            conflict.columns(['app_id', 'type']).doUpdateSet({
              ...(quantity !== undefined && { quantity }),
              ...(size !== undefined && { size }),
              updated_at: now,
            }),
          )
          .returningAll()
          .executeTakeFirstOrThrow();
        return toEntry(row);
      }),
    remove: (appId, type) =>
      write(async (db) => {
        await db.deleteFrom('formation').where('app_id', '=', appId).where('type', '=', type).execute();
      }),
  };
}

function toEntry(row: Selectable<Schema['formation']>): FormationEntry {
  return {
    id: row.id,
    appId: row.app_id as AppId,
    type: row.type as ProcessType,
    quantity: row.quantity,
    size: row.size as DynoSizeName,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
