import { randomUUID } from 'node:crypto';
import type { Selectable, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AccountId, AppId, AppSetupId, PipelineId, ReviewAppId } from '../../model/ids.ts';
import type { ReviewApp } from '../../model/review-app.ts';
import { fromTime, toText, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { ReviewAppQueries } from '../pipeline-store.ts';
import type { Schema } from '../schema.ts';

export function reviewAppQueries({ read, write }: Handle): ReviewAppQueries {
  const find = async (column: 'id' | 'app_id', value: string): Promise<ReviewApp | null> => {
    const row = await read.selectFrom('review_apps').selectAll().where(column, '=', value).executeTakeFirst();
    return row === undefined ? null : toReviewApp(row);
  };
  return {
    create: (app) =>
      write(async (db) => {
        await requirePipeline(db, app.pipelineId);
        const row = {
          id: randomUUID(),
          pipeline_id: app.pipelineId,
          app_id: app.appId,
          app_setup_id: app.appSetupId,
          creator_id: app.creatorId,
          branch: toText(app.branch),
          pr_number: app.prNumber,
          created_at: toTime(new Date()),
        };
        await db.insertInto('review_apps').values(row).execute();
        return toReviewApp(row);
      }),
    findById: (id) => find('id', id),
    findByApp: (appId) => find('app_id', appId),
    list: async (pipelineId) => {
      const rows = await read
        .selectFrom('review_apps')
        .selectAll()
        .where('pipeline_id', '=', pipelineId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toReviewApp);
    },
    delete: (id) =>
      write(async (db) => {
        await db.deleteFrom('review_apps').where('id', '=', id).execute();
      }),
    ...configQueries({ read, write }),
  };
}

function configQueries({ read, write }: Handle): Pick<ReviewAppQueries, 'readConfig' | 'writeConfig'> {
  return {
    readConfig: async (pipelineId) => {
      const row = await read
        .selectFrom('review_app_configs')
        .selectAll()
        .where('pipeline_id', '=', pipelineId)
        .executeTakeFirst();
      return row === undefined ? null : { repo: row.repo, baseName: row.base_name };
    },
    writeConfig: (pipelineId, config) =>
      write(async (db) => {
        await requirePipeline(db, pipelineId);
        await db.deleteFrom('review_app_configs').where('pipeline_id', '=', pipelineId).execute();
        if (config === null) return;
        const { repo, baseName } = config;
        const row = { pipeline_id: pipelineId, repo: toText(repo), base_name: baseName };
        await db.insertInto('review_app_configs').values(row).execute();
      }),
  };
}

async function requirePipeline(db: Transaction<Schema>, id: PipelineId): Promise<void> {
  const pipeline = await db.selectFrom('pipelines').select('id').where('id', '=', id).executeTakeFirst();
  if (pipeline !== undefined) return;
  throw new PlatformError('not_found', "Couldn't find that pipeline.", { resource: 'pipeline' });
}

function toReviewApp(row: Selectable<Schema['review_apps']>): ReviewApp {
  return {
    id: row.id as ReviewAppId,
    pipelineId: row.pipeline_id as PipelineId,
    appId: row.app_id as AppId,
    appSetupId: row.app_setup_id as AppSetupId,
    creatorId: row.creator_id as AccountId,
    branch: row.branch,
    prNumber: row.pr_number,
    createdAt: fromTime(row.created_at),
  };
}
