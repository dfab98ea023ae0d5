import { describeCertificate } from '../domain/index.ts';
import {
  addSniEndpoint,
  disableAcm,
  enableAcm,
  refreshAcm,
  changeSniEndpoint,
  findSniEndpoint,
  removeSniEndpoint,
  type CertificateRequest,
} from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { Domain, SniEndpoint } from '../model/domain.ts';
import type { ApiCall } from './api-call.ts';
import { serializeApp } from './apps.ts';
import { invalidField, objectBody, stringField } from './body.ts';
import { withApp, type Route, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

export const sniEndpointRoutes: Routes = {
  'GET /apps/:app/sni-endpoints': withApp('view', async (call, app) => {
    const { domains, sniEndpoints } = call.platform.store;
    const [endpoints, hosts] = await Promise.all([sniEndpoints.list(app.id), domains.list(app.id)]);
    const fields = { id: ({ id }: SniEndpoint) => id, name: ({ name }: SniEndpoint) => name };
    return sendPage(call, endpoints, fields, (endpoint) => serializeSniEndpoint(app, endpoint, hosts));
  }),
  'POST /apps/:app/sni-endpoints': withApp('operate', async (call, app) => {
    const endpoint = await addSniEndpoint(app, parseCertificate(call), call.platform);
    call.reply.code(201);
    return serializeSniEndpoint(app, endpoint, []);
  }),
  'GET /apps/:app/sni-endpoints/:endpoint': withApp('view', async (call, app) =>
    show(call, app, await find(call, app)),
  ),
  'PATCH /apps/:app/sni-endpoints/:endpoint': withApp('operate', async (call, app) => {
    const endpoint = await find(call, app);
    return show(call, app, await changeSniEndpoint(endpoint, parseCertificate(call), call.platform));
  }),
  'DELETE /apps/:app/sni-endpoints/:endpoint': withApp('operate', async (call, app) => {
    const endpoint = await find(call, app);
    const shown = await show(call, app, endpoint);
    await removeSniEndpoint(endpoint, call.platform);
    return shown;
  }),
  'POST /apps/:app/acm': changeAcm(enableAcm),
  'PATCH /apps/:app/acm': changeAcm(refreshAcm),
  'DELETE /apps/:app/acm': changeAcm(disableAcm),
};

/** The published schema has none of these; the bodies that the official CLI sends say nothing that the method does not. */
function changeAcm(change: typeof enableAcm): Route {
  const run = withApp('operate', async (call, app) => serializeApp(await change(app, call.platform), call.platform));
  return { ...run, checksBody: false };
}

/** Longer ones are refused in better words by who reads them. */
const maxFieldLength = 1_000_000;

function parseCertificate(call: ApiCall): CertificateRequest {
  const body = objectBody(call.body);
  const chain = stringField(body, 'certificate_chain', maxFieldLength);
  const key = stringField(body, 'private_key', maxFieldLength);
  if (chain === undefined) throw invalidField('certificate_chain', 'must be a certificate in PEM form');
  if (key === undefined) throw invalidField('private_key', 'must be a private key in PEM form');
  return { chain, key };
}

function find(call: ApiCall, app: App): Promise<SniEndpoint> {
  return findSniEndpoint(app, call.param('endpoint'), call.platform.store);
}

async function show(call: ApiCall, app: App, endpoint: SniEndpoint): Promise<unknown> {
  return serializeSniEndpoint(app, endpoint, await call.platform.store.domains.list(app.id));
}

/** The private key is shown to nobody. */
export function serializeSniEndpoint(
  app: App,
  endpoint: Omit<SniEndpoint, 'sealedKey'>,
  domains: readonly Domain[],
): unknown {
  const facts = describeCertificate(endpoint.certificateChain);
  return {
    id: endpoint.id,
    name: endpoint.name,
    display_name: null,
    app: { id: app.id, name: app.name },
    certificate_chain: endpoint.certificateChain,
    domains: domains.filter(({ sniEndpoint }) => sniEndpoint?.id === endpoint.id).map(({ id }) => id),
    ssl_cert: {
      id: stableId('certificate', endpoint.id, endpoint.certificateChain),
      acm: endpoint.acm,
      cert_domains: facts.domains,
      'ca_signed?': facts.isCaSigned,
      'self_signed?': facts.isSelfSigned,
      issuer: facts.issuer,
      subject: facts.subject,
      starts_at: timestamp(facts.startsAt),
      expires_at: timestamp(facts.expiresAt),
    },
    created_at: timestamp(endpoint.createdAt),
    updated_at: timestamp(endpoint.updatedAt),
  };
}
