import { accountRoutes } from './account.ts';
import { appFeatureRoutes } from './app-features.ts';
import { accountsRoutes } from './accounts.ts';
import { addonAttachmentRoutes } from './addon-attachments.ts';
import { appRoutes } from './apps.ts';
import { appTransferRoutes } from './app-transfers.ts';
import { appSetupRoutes } from './app-setups.ts';
import { buildpackRegistryRoutes } from './buildpack-registry.ts';
import { auditRoutes } from './audit.ts';
import { authorizationRoutes } from './authorizations.ts';
import { buildRoutes } from './builds.ts';
import { buildpackInstallationRoutes } from './buildpack-installations.ts';
import { catalogRoutes } from './catalog.ts';
import { collaboratorRoutes } from './collaborators.ts';
import { configVarRoutes } from './config-vars.ts';
import { diskRoutes } from './disk.ts';
import { domainRoutes } from './domains.ts';
import { dynoRoutes } from './dynos.ts';
import { formationRoutes } from './formation.ts';
import { logDrainRoutes } from './log-drains.ts';
import { logSessionRoutes } from './log-sessions.ts';
import { notOfferedRoutes } from './not-offered.ts';
import { filterAppsRoutes } from './filter-apps.ts';
import { pipelineCouplingRoutes } from './pipeline-couplings.ts';
import { pipelineLatestRoutes } from './pipeline-latest.ts';
import { pipelinePromotionRoutes } from './pipeline-promotions.ts';
import { pipelineRoutes } from './pipelines.ts';
import { oauthClientRoutes } from './oauth-clients.ts';
import { oauthSessionRoutes } from './oauth-sessions.ts';
import { oauthTokenRoutes } from './oauth-tokens.ts';
import { releaseRoutes } from './releases.ts';
import { reviewAppConfigRoutes } from './review-app-config.ts';
import { reviewAppRoutes } from './review-apps.ts';
import type { Routes } from './route.ts';
import { schemaRoutes } from './schema.ts';
import { sshKeyRoutes } from './ssh-keys.ts';
import { statusRoutes } from './status.ts';
import { teamRoutes } from './teams.ts';
import { slugRoutes } from './slugs.ts';
import { sniEndpointRoutes } from './sni-endpoints.ts';
import { sourceRoutes } from './sources.ts';
import { webhookDeliveryRoutes } from './webhook-deliveries.ts';
import { webhookRoutes } from './webhooks.ts';

/** Every endpoint of this platform, each declared in the file of its resource. */
export const apiRoutes: Routes = {
  ...accountRoutes,
  ...accountsRoutes,
  ...auditRoutes,
  ...authorizationRoutes,
  ...oauthClientRoutes,
  ...oauthSessionRoutes,
  ...oauthTokenRoutes,
  ...appRoutes,
  ...appFeatureRoutes,
  ...appSetupRoutes,
  ...appTransferRoutes,
  ...sshKeyRoutes,
  ...statusRoutes,
  ...teamRoutes,
  ...collaboratorRoutes,
  ...configVarRoutes,
  ...formationRoutes,
  ...diskRoutes,
  ...domainRoutes,
  ...sniEndpointRoutes,
  ...dynoRoutes,
  ...releaseRoutes,
  ...buildRoutes,
  ...buildpackRegistryRoutes,
  ...slugRoutes,
  ...sourceRoutes,
  ...buildpackInstallationRoutes,
  ...logDrainRoutes,
  ...logSessionRoutes,
  ...pipelineRoutes,
  ...pipelineCouplingRoutes,
  ...pipelineLatestRoutes,
  ...pipelinePromotionRoutes,
  ...reviewAppConfigRoutes,
  ...reviewAppRoutes,
  ...filterAppsRoutes,
  ...webhookRoutes,
  ...webhookDeliveryRoutes,
  ...catalogRoutes,
  ...addonAttachmentRoutes,
  ...notOfferedRoutes,
  ...schemaRoutes,
};
