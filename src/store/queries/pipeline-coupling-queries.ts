import { randomUUID } from 'node:crypto';
import type { Selectable, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AppId, PipelineCouplingId, PipelineId } from '../../model/ids.ts';
import type { PipelineCoupling, PipelineStage } from '../../model/pipeline.ts';
import { fromTime, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { PipelineCouplingQueries } from '../pipeline-store.ts';
import type { Schema } from '../schema.ts';

export function pipelineCouplingQueries({ read, write }: Handle): PipelineCouplingQueries {
  const find = async (column: 'id' | 'app_id', value: string): Promise<PipelineCoupling | null> => {
    const row = await read.selectFrom('pipeline_couplings').selectAll().where(column, '=', value).executeTakeFirst();
    return row === undefined ? null : toCoupling(row);
  };
  return {
    create: (coupling) => write((db) => create(db, coupling)),
    findById: (id) => find('id', id),
    findByApp: (appId) => find('app_id', appId),
    list: async (pipelineId) => {
      const rows = await read
        .selectFrom('pipeline_couplings')
        .selectAll()
        .where('pipeline_id', '=', pipelineId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toCoupling);
    },
    update: (id, stage) =>
      write(async (db) => {
        const row = await db
          .updateTable('pipeline_couplings')
          .set({ stage, updated_at: toTime(new Date()) })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw notFound('pipeline coupling');
        return toCoupling(row);
      }),
    delete: (id) =>
      write(async (db) => {
        const { numDeletedRows } = await db
          .deleteFrom('pipeline_couplings')
          .where('id', '=', id)
          .executeTakeFirstOrThrow();
        return numDeletedRows === 1n;
      }),
  };
}

async function create(
  db: Transaction<Schema>,
  { pipelineId, appId, stage }: Parameters<PipelineCouplingQueries['create']>[0],
): Promise<PipelineCoupling> {
  const app = await db.selectFrom('apps').select('name').where('id', '=', appId).executeTakeFirst();
  if (app === undefined) throw notFound('app');
  const pipeline = await db.selectFrom('pipelines').select('id').where('id', '=', pipelineId).executeTakeFirst();
  if (pipeline === undefined) throw notFound('pipeline');
  const coupled = db.selectFrom('pipeline_couplings').select('id').where('app_id', '=', appId);
  if ((await coupled.executeTakeFirst()) !== undefined) {
    throw new PlatformError(
      'invalid_params',
      `The app ${app.name} is in a pipeline already. Remove it from there first (heroku pipelines:remove).`,
    );
  }
  const now = toTime(new Date());
  const row = { id: randomUUID(), pipeline_id: pipelineId, app_id: appId, stage, created_at: now, updated_at: now };
  await db.insertInto('pipeline_couplings').values(row).execute();
  return toCoupling(row);
}

function notFound(what: string): PlatformError {
  return new PlatformError('not_found', `Couldn't find that ${what}.`, { resource: what.replace(' ', '_') });
}

function toCoupling(row: Selectable<Schema['pipeline_couplings']>): PipelineCoupling {
  return {
    id: row.id as PipelineCouplingId,
    pipelineId: row.pipeline_id as PipelineId,
    appId: row.app_id as AppId,
    stage: row.stage as PipelineStage,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
