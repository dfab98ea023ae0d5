export { listAppFeatures, setAppFeature, wantsMetrics, type AppFeature } from './app-features.ts';
export { answerTransfer, offerApp } from './app-transfers.ts';
export { dynoVars } from './dyno-vars.ts';
export { Attachments, type Attachment } from './attachments.ts';
export { cancelLaunch } from './cancel-launch.ts';
export { createApp } from './create-app.ts';
export { destroyApp } from './destroy-app.ts';
export { disableAcm, enableAcm, refreshAcm } from './acm.ts';
export { AcmeChallenges } from './acme-challenges.ts';
export { CertificateKeeper } from './certificate-keeper.ts';
export { addDomain, readCustomHosts, removeDomain, setDomainCertificate, type DomainRequest } from './domains.ts';
export { DynoLog } from './dyno-log.ts';
export { openBuildpackFetcher } from './buildpack-fetcher.ts';
export { BuildCancellations } from './build-cancellations.ts';
export { Launches } from './launches.ts';
export { DiskKeeper } from './disk-keeper.ts';
export { reportDisk, type AppDisk, type DiskReport } from './disk-report.ts';
export { SlugCollector } from './slug-collector.ts';
export { lastBackupFile, Watchman } from './watchman.ts';
export { addLogDrain, listLogDrains, removeLogDrain, type OpenLogDrain } from './log-drains.ts';
export { onBoot } from './on-boot.ts';
export { onAppSetup, type AppSetupRequest } from './on-app-setup.ts';
export { cancelBuild, onBuildRequest } from './on-build-request.ts';
export { onConfigChange } from './on-config-change.ts';
export { onPromotion, type PromotionRequest } from './on-promotion.ts';
export { changePipelineConfig, readPipelineConfig } from './pipeline-config-vars.ts';
export { onPush } from './on-push.ts';
export { hasReleasePhase } from './launch.ts';
export { onRestart, onStop } from './on-restart.ts';
export { OneOffDynos } from './one-off-dynos.ts';
export { deleteReviewApp, onReviewApp, type ReviewAppRequest } from './on-review-app.ts';
export { onRollback } from './on-rollback.ts';
export { onScale, type ScaleUpdate } from './on-scale.ts';
export { onSlugRelease } from './on-slug-release.ts';
export {
  addSniEndpoint,
  changeSniEndpoint,
  findSniEndpoint,
  removeSniEndpoint,
  type CertificateRequest,
} from './sni-endpoints.ts';
export { receiveSlug } from './on-slug-upload.ts';
export type { Limits, Platform, PlatformUrls } from './platform.ts';
export { addWebhook, changeWebhook, listWebhooks, type OpenWebhook, type WebhookRequest } from './webhooks.ts';
export { renameApp, setBuildpacks, setMaintenance } from './change-app.ts';
export { runOneOff, type OneOffOrder, type StartedOneOff } from './run-one-off.ts';
export { commandInside, runInside } from './run-inside.ts';
export type { InsideOrder } from './inside-command.ts';
