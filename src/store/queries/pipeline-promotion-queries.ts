import { randomUUID } from 'node:crypto';
import type { Selectable, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AppId, PipelineId, PipelinePromotionId, PromotionTargetId, ReleaseId } from '../../model/ids.ts';
import type { PipelinePromotion, PromotionTarget } from '../../model/pipeline.ts';
import { stateMachines, statesBefore } from '../../model/state-machines.ts';
import { fromTime, toTextOrNull, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { PipelinePromotionQueries } from '../pipeline-store.ts';
import type { Schema } from '../schema.ts';

type NewPromotion = Parameters<PipelinePromotionQueries['create']>[0];

export function pipelinePromotionQueries({ read, write }: Handle): PipelinePromotionQueries {
  return {
    create: (promotion) => write((db) => create(db, promotion)),
    findById: async (id) => {
      const row = await read.selectFrom('pipeline_promotions').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toPromotion(row);
    },
    listTargets: async (id) => {
      const rows = await read
        .selectFrom('promotion_targets')
        .selectAll()
        .where('promotion_id', '=', id)
        .orderBy('place')
        .execute();
      return rows.map(toTarget);
    },
    listPendingTargets: async () => {
      const rows = await read.selectFrom('promotion_targets').selectAll().where('status', '=', 'pending').execute();
      return rows.map(toTarget);
    },
    finishTarget: (id, { status, errorMessage }) =>
      write(async (db) => {
        const target = await db
          .updateTable('promotion_targets')
          .set({ status, error_message: toTextOrNull(errorMessage) })
          .where('id', '=', id)
          .where('status', 'in', statesBefore(stateMachines.promotionTarget, status))
          .returning('promotion_id')
          .executeTakeFirst();
        if (target === undefined) return;
        const pending = await db
          .selectFrom('promotion_targets')
          .select('id')
          .where('promotion_id', '=', target.promotion_id)
          .where('status', '=', 'pending')
          .executeTakeFirst();
        if (pending !== undefined) return;
        await db
          .updateTable('pipeline_promotions')
          .set({ status: 'completed', updated_at: toTime(new Date()) })
          .where('id', '=', target.promotion_id)
          .execute();
      }),
  };
}

async function create(db: Transaction<Schema>, promotion: NewPromotion): Promise<PipelinePromotion> {
  const { pipelineId, sourceAppId, sourceReleaseId, targets } = promotion;
  const pipeline = await db.selectFrom('pipelines').select('id').where('id', '=', pipelineId).executeTakeFirst();
  if (pipeline === undefined) {
    throw new PlatformError('not_found', "Couldn't find that pipeline.", { resource: 'pipeline' });
  }
  const now = toTime(new Date());
  const row = {
    id: randomUUID(),
    pipeline_id: pipelineId,
    source_app_id: sourceAppId,
    source_release_id: sourceReleaseId,
    status: 'pending',
    created_at: now,
    updated_at: now,
  };
  await db.insertInto('pipeline_promotions').values(row).execute();
  for (const [place, { appId, releaseId }] of targets.entries()) {
    await db
      .insertInto('promotion_targets')
      .values({
        id: randomUUID(),
        promotion_id: row.id,
        place,
        app_id: appId,
        release_id: releaseId,
        status: 'pending',
        error_message: null,
      })
      .execute();
  }
  return toPromotion(row);
}

function toPromotion(row: Selectable<Schema['pipeline_promotions']>): PipelinePromotion {
  return {
    id: row.id as PipelinePromotionId,
    pipelineId: row.pipeline_id as PipelineId,
    sourceAppId: row.source_app_id as AppId,
    sourceReleaseId: row.source_release_id as ReleaseId,
    status: row.status as PipelinePromotion['status'],
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}

function toTarget(row: Selectable<Schema['promotion_targets']>): PromotionTarget {
  return {
    id: row.id as PromotionTargetId,
    promotionId: row.promotion_id as PipelinePromotionId,
    appId: row.app_id as AppId,
    releaseId: row.release_id as ReleaseId,
    status: row.status as PromotionTarget['status'],
    errorMessage: row.error_message,
  };
}
