import type { Kysely, Selectable } from 'kysely';
import type { Exit } from '../../model/dyno.ts';
import type { DynoSizeName } from '../../model/formation.ts';
import type { AppId, DynoId, DynoName, ProcessType, ReleaseId } from '../../model/ids.ts';
import { stateMachines, statesBefore } from '../../model/state-machines.ts';
import { fromJson, fromTime, fromTimeOrNull, toJson, toText, toTime, toTimeOrNull } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import { noSuchStep } from '../no-such-step.ts';
import type { Schema } from '../schema.ts';
import type { DynoQueries, DynoRow } from '../store.ts';

export function dynoQueries({ read, write }: Handle): DynoQueries {
  return {
    list: async (appId) => (await dynos(read).where('app_id', '=', appId).execute()).map(toDynoRow),
    listAll: async () => (await dynos(read).execute()).map(toDynoRow),
    save: (dyno) =>
      write(async (db) => {
        const { id, ...rest } = toRow(dyno);
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('dynos')
          .values({ id, ...rest })
          .onConflict((conflict) =>
            conflict
              .column('id')
              .doUpdateSet(rest)
              .where('dynos.state', 'in', statesBefore(stateMachines.dyno, dyno.state)),
          )
          .executeTakeFirstOrThrow();
        if ((numInsertedOrUpdatedRows ?? 0n) > 0n) return;
        const found = await db.selectFrom('dynos').select('state').where('id', '=', id).executeTakeFirst();
        throw noSuchStep('dyno', found?.state ?? 'gone', dyno.state);
      }),
    remove: (id) =>
      write(async (db) => {
        await db.deleteFrom('dynos').where('id', '=', id).execute();
      }),
  };
}

function dynos(db: Kysely<Schema>) {
  return db.selectFrom('dynos').selectAll().orderBy('created_at').orderBy('name').orderBy('id');
}

type Row = Selectable<Schema['dynos']>;

function toRow(dyno: DynoRow): Row {
  return {
    id: dyno.id,
    app_id: dyno.appId,
    name: dyno.name,
    type: dyno.type,
    release_id: dyno.releaseId,
    size: dyno.size,
    command: toText(dyno.command),
    port: dyno.port,
    state: dyno.state,
    exit: dyno.exit === null ? null : toJson(dyno.exit),
    crashes: dyno.crashes,
    restart_at: toTimeOrNull(dyno.restartAt),
    created_at: toTime(dyno.createdAt),
    updated_at: toTime(dyno.updatedAt),
  };
}

export function toDynoRow(row: Row): DynoRow {
  return {
    id: row.id as DynoId,
    appId: row.app_id as AppId,
    name: row.name as DynoName,
    type: row.type as ProcessType,
    releaseId: row.release_id as ReleaseId,
    size: row.size as DynoSizeName,
    command: row.command,
    port: row.port,
    state: row.state as DynoRow['state'],
    exit: row.exit === null ? null : toExit(row.exit),
    crashes: row.crashes,
    restartAt: fromTimeOrNull(row.restart_at),
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}

function toExit(json: string): Exit {
  const exit = fromJson(json) as Omit<Exit, 'at'> & { at: string };
  return { ...exit, at: fromTime(exit.at) };
}
