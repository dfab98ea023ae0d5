import type { CustomHosts } from '../formation/index.ts';
import type { ErrorPages } from '../model/route.ts';
import { isOfPlatform, parseHostname } from '../domain/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { Domain, SniEndpoint } from '../model/domain.ts';
import type { AppId } from '../model/ids.ts';
import type { OwnedDomain, Transaction } from '../store/index.ts';
import type { AcmeChallenges } from './acme-challenges.ts';
import type { Platform } from './platform.ts';
import { findSniEndpoint, openKey } from './sni-endpoints.ts';
import { errorPagesOf } from './error-pages.ts';

/** Source: https://devcenter.heroku.com/articles/limits#domains */
const maxDomainsPerApp = 1000;

export interface DomainRequest {
  readonly hostname: string;
  /** Name or id; null: the platform's certificate. */
  readonly sniEndpoint: string | null;
}

type HostTools = Pick<Platform, 'store' | 'secretBox' | 'formation' | 'domain' | 'logs' | 'certificates'>;

/**
 * The app answers at this host, too, before it resolves. Throws `invalid_params` for what is no host name, is the
 * platform's own, or belongs to somebody else. Source: https://devcenter.heroku.com/articles/custom-domains
 */
export async function addDomain(app: App, request: DomainRequest, platform: HostTools): Promise<Domain> {
  const hostname = parseHostname(request.hostname, platform.domain);
  const domain = await platform.store.transaction(async (tx) => {
    const present = await tx.domains.list(app.id);
    if (present.some((other) => other.hostname === hostname)) {
      throw new PlatformError('invalid_params', `${hostname} is already added to this app.`);
    }
    if (present.length >= maxDomainsPerApp) {
      throw new PlatformError(
        'invalid_params',
        `This app has ${present.length} custom domains, and ${maxDomainsPerApp} are allowed. Remove one with heroku domains:remove first.`,
      );
    }
    await requireFree(hostname, app, tx);
    const endpoint = await findOwn(app, request.sniEndpoint, tx);
    return tx.domains.create({ appId: app.id, hostname, sniEndpointId: endpoint?.id ?? null });
  });
  await platform.formation.refreshHosts(app.id);
  platform.certificates.wake();
  return domain;
}

/**
 * One of the owner's own. Those that the platform has got are for one domain each: to ask for one is to ask for none of one's
 * own, as the CLI does that names the only certificate of an app by itself.
 */
async function findOwn(app: App, which: string | null, tx: Transaction): Promise<SniEndpoint | null> {
  const endpoint = which === null ? null : await findSniEndpoint(app, which, tx);
  return endpoint?.acm === true ? null : endpoint;
}

/**
 * TLS clients of the domain are shown this certificate before it resolves; null: the platform's, or the one that it gets
 * for the domain.
 */
export async function setDomainCertificate(
  app: App,
  domain: Domain,
  sniEndpoint: string | null,
  platform: HostTools,
): Promise<Domain> {
  const changed = await platform.store.transaction(async (tx) => {
    const endpoint = await findOwn(app, sniEndpoint, tx);
    const managed = await findManaged(domain, tx);
    if (endpoint === null && managed !== null) return domain;
    const updated = await tx.domains.setSniEndpoint(domain.id, endpoint?.id ?? null);
    if (managed !== null) await tx.sniEndpoints.delete(managed.id);
    return updated;
  });
  await platform.formation.refreshHosts(app.id);
  platform.certificates.wake();
  return changed;
}

/** The certificate that the platform has got for the domain, which has no other use. */
async function findManaged({ appId, sniEndpoint }: Domain, tx: Transaction): Promise<SniEndpoint | null> {
  if (sniEndpoint === null) return null;
  const all = await tx.sniEndpoints.list(appId);
  return all.find(({ id, acm }) => acm && id === sniEndpoint.id) ?? null;
}

/** The host is free for any app when it resolves. */
export async function removeDomain(domain: Domain, platform: HostTools): Promise<void> {
  await platform.store.transaction(async (tx) => {
    const present = (await tx.domains.list(domain.appId)).find(({ id }) => id === domain.id);
    const managed = present === undefined ? null : await findManaged(present, tx);
    await tx.domains.delete(domain.id);
    if (managed !== null) await tx.sniEndpoints.delete(managed.id);
  });
  await platform.formation.refreshHosts(domain.appId);
}

/**
 * What the router has to know. A certificate that can't be opened must not keep its app from being served: its domains
 * are shown the platform's, and the operator reads why in the log.
 */
export async function readCustomHosts(
  appId: AppId,
  platform: Pick<Platform, 'store' | 'secretBox' | 'configVars' | 'domain' | 'logs'> & {
    readonly challenges: AcmeChallenges;
  },
): Promise<CustomHosts> {
  const pages = await readErrorPages(appId, platform);
  // The platform's domain may have been changed since they were added.
  const all = await platform.store.domains.list(appId);
  const domains = all.filter(({ hostname }) => !isOfPlatform(hostname, platform.domain));
  if (domains.length === 0) return { hosts: [], certificates: [], challenges: [], pages };
  const challenges = platform.challenges.list(appId);
  const certificates = (await platform.store.sniEndpoints.list(appId)).flatMap((endpoint) => {
    const hosts = domains.filter(({ sniEndpoint }) => sniEndpoint?.id === endpoint.id).map(({ hostname }) => hostname);
    if (hosts.length === 0) return [];
    try {
      return [{ hosts, cert: endpoint.certificateChain, key: openKey(endpoint, platform) }];
    } catch (error) {
      platform.logs.router.error({ err: error, app: appId, endpoint: endpoint.name }, 'a certificate can not be shown');
      return [];
    }
  });
  return { hosts: domains.map(({ hostname }) => hostname), certificates, challenges, pages };
}

/** Neither must config vars that can't be opened. */
async function readErrorPages(
  appId: AppId,
  { configVars, logs }: Pick<Platform, 'configVars' | 'logs'>,
): Promise<ErrorPages> {
  try {
    return errorPagesOf(await configVars.read(appId));
  } catch (error) {
    logs.router.error({ err: error, app: appId }, 'the error pages of an app are not known');
    return errorPagesOf({});
  }
}

/**
 * One app per host name. A wildcard covers names of its owner's apps only, and beside a wildcard only its owner adds names:
 * nobody takes requests that somebody else counts on.
 */
async function requireFree(hostname: string, app: App, tx: Transaction): Promise<void> {
  const holder = await tx.domains.findByHostname(hostname);
  if (holder !== null) throw inUse(hostname);
  const isStranger = (other: OwnedDomain | null): boolean => other !== null && other.ownerId !== app.ownerId;
  const name = hostname.replace(/^\*\./, '');
  if (name !== hostname && (await tx.domains.listUnder(`.${name}`)).some(isStranger)) throw inUse(hostname);
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    if (isStranger(await tx.domains.findByHostname(`*${name.slice(dot)}`))) throw inUse(hostname);
  }
}

/** Whose it is, is nobody else's business. */
function inUse(hostname: string): PlatformError {
  return new PlatformError('invalid_params', `${hostname} is currently in use by another app.`);
}
