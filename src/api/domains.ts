import { hostNames } from '../app/index.ts';
import { tryHostname } from '../domain/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { addDomain, removeDomain, setDomainCertificate } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { Domain } from '../model/domain.ts';
import type { ApiCall, OpenCall } from './api-call.ts';
import { identityField, invalidField, objectBody, stringField } from './body.ts';
import { withApp, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

export const domainRoutes: Routes = {
  'GET /apps/:app/domains': withApp('view', async (call, app) => {
    const all = await allDomains(call, app);
    const fields = { id: ({ id }: AnyDomain) => id, hostname: ({ hostname }: AnyDomain) => hostname };
    // Without a range, in the order of their making; the platform's own first.
    if ((call.request.headers.range ?? '').trim() === '' && all.length <= pageSize) {
      return all.map((domain) => serializeDomain(call, app, domain));
    }
    return sendPage(call, all, fields, (domain) => serializeDomain(call, app, domain));
  }),
  'POST /apps/:app/domains': withApp('operate', async (call, app) => {
    const body = objectBody(call.body);
    const hostname = stringField(body, 'hostname');
    if (hostname === undefined) throw invalidField('hostname', 'must be a domain name, such as www.example.com');
    const request = { hostname, sniEndpoint: identityField(body, 'sni_endpoint') ?? null };
    const domain = await addDomain(app, request, call.platform);
    call.reply.code(201);
    return serializeDomain(call, app, domain);
  }),
  'GET /apps/:app/domains/:domain': withApp('view', async (call, app) =>
    serializeDomain(call, app, await findDomain(call, app)),
  ),
  'PATCH /apps/:app/domains/:domain': withApp('operate', async (call, app) => {
    const domain = await findCustom(call, app, 'shows the certificate of the platform');
    const endpoint = identityField(objectBody(call.body), 'sni_endpoint') ?? null;
    return serializeDomain(call, app, await setDomainCertificate(app, domain, endpoint, call.platform));
  }),
  'DELETE /apps/:app/domains/:domain': withApp('operate', async (call, app) => {
    const domain = await findCustom(call, app, "can't be removed");
    await removeDomain(domain, call.platform);
    return serializeDomain(call, app, domain);
  }),
};

/** Of a list without a range. */
const pageSize = 200;

/** The name that the platform gives an app has no row. */
type AnyDomain = Domain | PlatformDomain;

interface PlatformDomain {
  readonly kind: 'heroku';
  readonly id: string;
  readonly hostname: string;
}

async function allDomains(call: OpenCall, app: App): Promise<readonly AnyDomain[]> {
  const own = hostNames(app, call.platform.domain).map((hostname): PlatformDomain => ({
    kind: 'heroku',
    id: stableId('domain', app.id, hostname),
    hostname,
  }));
  return [...own, ...(await call.platform.store.domains.list(app.id))];
}

/** By id or host name, as one would type it. */
async function findDomain(call: ApiCall, app: App): Promise<AnyDomain> {
  const which = call.param('domain');
  const hostname = tryHostname(which);
  const found = (await allDomains(call, app)).find((domain) => domain.id === which || domain.hostname === hostname);
  if (found !== undefined) return found;
  throw new PlatformError('not_found', "Couldn't find that domain name.", { resource: 'domain' });
}

async function findCustom(call: ApiCall, app: App, otherwise: string): Promise<Domain> {
  const domain = await findDomain(call, app);
  if (!('kind' in domain)) return domain;
  throw new PlatformError('invalid_params', `${domain.hostname} is given by the platform and ${otherwise}.`);
}

export function serializeDomain({ platform }: Pick<OpenCall, 'platform'>, app: App, domain: AnyDomain): unknown {
  const common = { app: { id: app.id, name: app.name } };
  const { id, hostname } = domain;
  if ('kind' in domain) {
    const since = timestamp(app.createdAt);
    const acm = { acm_status: null, acm_status_reason: null };
    const rest = { kind: 'heroku', cname: null, status: 'succeeded', sni_endpoint: null, ...acm };
    return { id, hostname, ...rest, ...common, created_at: since, updated_at: since };
  }
  return {
    id,
    hostname,
    kind: 'custom',
    // This platform has no DNS of its own: the app's first name is where a record has to point.
    cname: hostNames(app, platform.domain)[0] ?? null,
    // Of a name that would have to be made in a DNS first. There is none: the domain is routed already.
    status: 'none',
    sni_endpoint: domain.sniEndpoint,
    acm_status: domain.acm?.status ?? null,
    acm_status_reason: domain.acm?.reason ?? null,
    ...common,
    created_at: timestamp(domain.createdAt),
    updated_at: timestamp(domain.updatedAt),
  };
}
