import type {
  AccountId,
  AppId,
  PipelineCouplingId,
  PipelineId,
  PipelinePromotionId,
  PromotionTargetId,
  ReleaseId,
} from './ids.ts';

/** In the order of a promotion; apps of `test` and `review` come and go. */
export const pipelineStages = ['test', 'review', 'development', 'staging', 'production'] as const;
export type PipelineStage = (typeof pipelineStages)[number];

/** Apps of one code base, each in a stage. Source: https://devcenter.heroku.com/articles/pipelines */
export interface Pipeline {
  readonly id: PipelineId;
  /** Unique among the pipelines of its owner. */
  readonly name: string;
  readonly ownerId: AccountId;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An app in a pipeline. An app is in one at most. */
export interface PipelineCoupling {
  readonly id: PipelineCouplingId;
  readonly pipelineId: PipelineId;
  readonly appId: AppId;
  readonly stage: PipelineStage;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The slug of one app's release on its way to other apps of the pipeline. Its record outlives the apps. */
export interface PipelinePromotion {
  readonly id: PipelinePromotionId;
  readonly pipelineId: PipelineId;
  readonly sourceAppId: AppId;
  readonly sourceReleaseId: ReleaseId;
  /** `completed`: no target is pending any more, however each of them ended. */
  readonly status: 'pending' | 'completed';
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface PromotionTarget {
  readonly id: PromotionTargetId;
  readonly promotionId: PipelinePromotionId;
  readonly appId: AppId;
  readonly releaseId: ReleaseId;
  /** `pending` in the store after a restart means that it was interrupted. */
  readonly status: 'pending' | 'succeeded' | 'failed';
  /** Why it failed, and what to do; null unless it did. */
  readonly errorMessage: string | null;
}
