import type { ReviewApp, ReviewAppConfig } from '../model/review-app.ts';
import type {
  AccountId,
  AppId,
  PipelineCouplingId,
  PipelineId,
  PipelinePromotionId,
  PromotionTargetId,
  ReleaseId,
  ReviewAppId,
} from '../model/ids.ts';
import type {
  Pipeline,
  PipelineCoupling,
  PipelinePromotion,
  PipelineStage,
  PromotionTarget,
} from '../model/pipeline.ts';

export interface PipelineQueries {
  /** Throws `invalid_params` when the owner has a pipeline of this name. */
  create(pipeline: { name: string; ownerId: AccountId }): Promise<Pipeline>;
  findById(id: PipelineId): Promise<Pipeline | null>;
  /** The account's own, and those with an app that it owns or is a collaborator of; by name. */
  listAccessible(accountId: AccountId): Promise<readonly Pipeline[]>;
  /** Throws `not_found`, and `invalid_params` when the owner has another pipeline of this name. */
  update(id: PipelineId, change: { name?: string; ownerId?: AccountId }): Promise<Pipeline>;
  /** With its couplings, config vars and promotions; the apps stay. */
  delete(id: PipelineId): Promise<void>;
  /** The stage's config vars, encrypted; null before the first is set. */
  readConfig(id: PipelineId, stage: PipelineStage): Promise<Uint8Array | null>;
  writeConfig(id: PipelineId, stage: PipelineStage, encrypted: Uint8Array): Promise<void>;
}

export interface PipelineCouplingQueries {
  /** Throws `invalid_params` when the app is in a pipeline, `not_found` when app or pipeline is gone. */
  create(coupling: { pipelineId: PipelineId; appId: AppId; stage: PipelineStage }): Promise<PipelineCoupling>;
  findById(id: PipelineCouplingId): Promise<PipelineCoupling | null>;
  findByApp(appId: AppId): Promise<PipelineCoupling | null>;
  /** In the order of their making. */
  list(pipelineId: PipelineId): Promise<readonly PipelineCoupling[]>;
  /** Throws `not_found`. */
  update(id: PipelineCouplingId, stage: PipelineStage): Promise<PipelineCoupling>;
  /** False: it was gone already. */
  delete(id: PipelineCouplingId): Promise<boolean>;
}

export interface PipelinePromotionQueries {
  /** Pending, with pending targets. Throws `not_found` when the pipeline is gone. */
  create(promotion: {
    pipelineId: PipelineId;
    sourceAppId: AppId;
    sourceReleaseId: ReleaseId;
    targets: readonly { appId: AppId; releaseId: ReleaseId }[];
  }): Promise<PipelinePromotion>;
  findById(id: PipelinePromotionId): Promise<PipelinePromotion | null>;
  /** In the order of the request. */
  listTargets(id: PipelinePromotionId): Promise<readonly PromotionTarget[]>;
  listPendingTargets(): Promise<readonly PromotionTarget[]>;
  /** The last target to end completes its promotion. A target that is gone with its pipeline is not an error. */
  finishTarget(
    id: PromotionTargetId,
    end: { readonly status: 'succeeded' | 'failed'; readonly errorMessage: string | null },
  ): Promise<void>;
}

export interface ReviewAppQueries {
  /** Throws `not_found` when the pipeline is gone. */
  create(app: Omit<ReviewApp, 'id' | 'createdAt'>): Promise<ReviewApp>;
  findById(id: ReviewAppId): Promise<ReviewApp | null>;
  findByApp(appId: AppId): Promise<ReviewApp | null>;
  /** In the order of their making. */
  list(pipelineId: PipelineId): Promise<readonly ReviewApp[]>;
  delete(id: ReviewAppId): Promise<void>;
  /** Null: review apps are not enabled. */
  readConfig(pipelineId: PipelineId): Promise<ReviewAppConfig | null>;
  /** Null removes it. Throws `not_found` when the pipeline is gone. */
  writeConfig(pipelineId: PipelineId, config: ReviewAppConfig | null): Promise<void>;
}
