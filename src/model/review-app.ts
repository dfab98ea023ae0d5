import type { AccountId, AppId, AppSetupId, PipelineId, ReviewAppId } from './ids.ts';

/**
 * An app that is made in a pipeline to look at one branch. How it does follows from its app setup and from whether the app
 * is still there. Source: https://devcenter.heroku.com/articles/github-integration-review-apps
 */
export interface ReviewApp {
  readonly id: ReviewAppId;
  readonly pipelineId: PipelineId;
  /** May be gone. */
  readonly appId: AppId;
  readonly appSetupId: AppSetupId;
  readonly creatorId: AccountId;
  readonly branch: string;
  readonly prNumber: number | null;
  readonly createdAt: Date;
}

/** Of the review apps of one pipeline. */
export interface ReviewAppConfig {
  /** The name of the repository at its git host; kept as it was given, and nothing is fetched from there. */
  readonly repo: string;
  /** What the apps' names begin with; null: the pipeline's name. */
  readonly baseName: string | null;
}
