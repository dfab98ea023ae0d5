import type { Handle } from '../handle.ts';
import type { Queries } from '../store.ts';
import { acmQueries } from './acm-queries.ts';
import { accountQueries } from './account-queries.ts';
import { auditQueries } from './audit-queries.ts';
import { appFeatureQueries } from './app-feature-queries.ts';
import { appQueries } from './app-queries.ts';
import { appSetupQueries } from './app-setup-queries.ts';
import { appTransferQueries } from './app-transfer-queries.ts';
import { authorizationQueries } from './authorization-queries.ts';
import { buildQueries } from './build-queries.ts';
import { collaboratorQueries } from './collaborator-queries.ts';
import { domainQueries } from './domain-queries.ts';
import { dynoQueries } from './dyno-queries.ts';
import { formationQueries } from './formation-queries.ts';
import { logDrainQueries } from './log-drain-queries.ts';
import { pipelineCouplingQueries } from './pipeline-coupling-queries.ts';
import { pipelinePromotionQueries } from './pipeline-promotion-queries.ts';
import { pipelineQueries } from './pipeline-queries.ts';
import { oauthClientQueries } from './oauth-client-queries.ts';
import { releaseQueries } from './release-queries.ts';
import { reviewAppQueries } from './review-app-queries.ts';
import { slugQueries } from './slug-queries.ts';
import { sniEndpointQueries } from './sni-endpoint-queries.ts';
import { sshKeyQueries } from './ssh-key-queries.ts';
import { webhookDeliveryQueries } from './webhook-delivery-queries.ts';
import { webhookEventQueries } from './webhook-event-queries.ts';
import { webhookQueries } from './webhook-queries.ts';

/** Each table's queries, as they are; see recordChanges for those that the store hands out. */
export function plainQueries(handle: Handle): Queries {
  return {
    accounts: accountQueries(handle),
    authorizations: authorizationQueries(handle),
    oauthClients: oauthClientQueries(handle),
    sshKeys: sshKeyQueries(handle),
    apps: appQueries(handle),
    appFeatures: appFeatureQueries(handle),
    appTransfers: appTransferQueries(handle),
    collaborators: collaboratorQueries(handle),
    slugs: slugQueries(handle),
    builds: buildQueries(handle),
    releases: releaseQueries(handle),
    formation: formationQueries(handle),
    dynos: dynoQueries(handle),
    appSetups: appSetupQueries(handle),
    logDrains: logDrainQueries(handle),
    domains: domainQueries(handle),
    sniEndpoints: sniEndpointQueries(handle),
    acm: acmQueries(handle),
    pipelines: pipelineQueries(handle),
    pipelineCouplings: pipelineCouplingQueries(handle),
    pipelinePromotions: pipelinePromotionQueries(handle),
    reviewApps: reviewAppQueries(handle),
    webhooks: webhookQueries(handle),
    webhookEvents: webhookEventQueries(handle),
    webhookDeliveries: webhookDeliveryQueries(handle),
    audit: auditQueries(handle),
  };
}
