import { randomUUID } from 'node:crypto';
import type { Selectable, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AccountId, PipelineId } from '../../model/ids.ts';
import type { Pipeline } from '../../model/pipeline.ts';
import { fromTime, sortByText, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { PipelineQueries } from '../pipeline-store.ts';
import type { Schema } from '../schema.ts';

export function pipelineQueries({ read, write }: Handle): PipelineQueries {
  return {
    create: ({ name, ownerId }) =>
      write(async (db) => {
        await refuseTakenName(db, { name, owner_id: ownerId, id: null });
        const now = toTime(new Date());
        const row = { id: randomUUID(), name, owner_id: ownerId, created_at: now, updated_at: now };
        await db.insertInto('pipelines').values(row).execute();
        return toPipeline(row);
      }),
    findById: async (id) => {
      const row = await read.selectFrom('pipelines').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toPipeline(row);
    },
    listAccessible: async (accountId) => {
      const rows = await read
        .selectFrom('pipelines')
        .leftJoin('pipeline_couplings', 'pipeline_couplings.pipeline_id', 'pipelines.id')
        .leftJoin('apps', 'apps.id', 'pipeline_couplings.app_id')
        .leftJoin('collaborators', 'collaborators.app_id', 'apps.id')
        .where((eb) =>
          eb.or([
            eb('pipelines.owner_id', '=', accountId),
            eb('apps.owner_id', '=', accountId),
            eb('collaborators.account_id', '=', accountId),
          ]),
        )
        .selectAll('pipelines')
        .distinct()
        .execute();
      return sortByText(rows.map(toPipeline), ({ name }) => name);
    },
    update: (id, change) =>
      write(async (db) => {
        const before = await db.selectFrom('pipelines').selectAll().where('id', '=', id).executeTakeFirst();
        if (before === undefined) throw notFound();
        const row = {
          ...before,
          name: change.name ?? before.name,
          owner_id: change.ownerId ?? before.owner_id,
          updated_at: toTime(new Date()),
        };
        await refuseTakenName(db, row);
        await db.updateTable('pipelines').set(row).where('id', '=', id).execute();
        return toPipeline(row);
      }),
    delete: (id) =>
      write(async (db) => {
        await db.deleteFrom('pipelines').where('id', '=', id).execute();
      }),
    ...configQueries({ read, write }),
  };
}

function configQueries({ read, write }: Handle): Pick<PipelineQueries, 'readConfig' | 'writeConfig'> {
  return {
    readConfig: async (id, stage) => {
      const row = await read
        .selectFrom('pipeline_config_vars')
        .select('config_vars')
        .where('pipeline_id', '=', id)
        .where('stage', '=', stage)
        .executeTakeFirst();
      return row?.config_vars ?? null;
    },
    writeConfig: (id, stage, encrypted) =>
      write(async (db) => {
        const pipeline = await db.selectFrom('pipelines').select('id').where('id', '=', id).executeTakeFirst();
        if (pipeline === undefined) throw notFound();
        await db
          .insertInto('pipeline_config_vars')
          .values({ pipeline_id: id, stage, config_vars: encrypted })
          .onConflict((conflict) => conflict.columns(['pipeline_id', 'stage']).doUpdateSet({ config_vars: encrypted }))
          .execute();
      }),
  };
}

async function refuseTakenName(
  db: Transaction<Schema>,
  { name, owner_id: ownerId, id }: { name: string; owner_id: string; id: string | null },
): Promise<void> {
  const holder = await db
    .selectFrom('pipelines')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('name', '=', name)
    .executeTakeFirst();
  if (holder !== undefined && holder.id !== id) throw new PlatformError('invalid_params', 'Name is already taken');
}

function notFound(): PlatformError {
  return new PlatformError('not_found', "Couldn't find that pipeline.", { resource: 'pipeline' });
}

function toPipeline(row: Selectable<Schema['pipelines']>): Pipeline {
  return {
    id: row.id as PipelineId,
    name: row.name,
    ownerId: row.owner_id as AccountId,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
