import type { CustomHosts } from '../formation/index.ts';
import type { ErrorPages } from '../model/route.ts';
import { isOfPlatform, parseHostname } from '../domain/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { Domain } from '../model/domain.ts';
import type { AppId } from '../model/ids.ts';
import type { OwnedDomain, Transaction } from '../store/index.ts';
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

type HostTools = Pick<Platform, 'store' | 'secretBox' | 'formation' | 'domain' | 'logs'>;

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
    const endpoint = request.sniEndpoint === null ? null : await findSniEndpoint(app, request.sniEndpoint, tx);
    return tx.domains.create({ appId: app.id, hostname, sniEndpointId: endpoint?.id ?? null });
  });
  await platform.formation.refreshHosts(app.id);
  return domain;
}

/** TLS clients of the domain are shown this certificate before it resolves; null: the platform's. */
export async function setDomainCertificate(
  app: App,
  domain: Domain,
  sniEndpoint: string | null,
  platform: HostTools,
): Promise<Domain> {
  const changed = await platform.store.transaction(async (tx) => {
    const endpoint = sniEndpoint === null ? null : await findSniEndpoint(app, sniEndpoint, tx);
    return tx.domains.setSniEndpoint(domain.id, endpoint?.id ?? null);
  });
  await platform.formation.refreshHosts(app.id);
  return changed;
}

/** The host is free for any app when it resolves. */
export async function removeDomain(domain: Domain, platform: HostTools): Promise<void> {
  await platform.store.domains.delete(domain.id);
  await platform.formation.refreshHosts(domain.appId);
}

/**
 * What the router has to know. A certificate that can't be opened must not keep its app from being served: its domains
 * are shown the platform's, and the operator reads why in the log.
 */
export async function readCustomHosts(
  appId: AppId,
  platform: Pick<Platform, 'store' | 'secretBox' | 'configVars' | 'domain' | 'logs'>,
): Promise<CustomHosts> {
  const pages = await readErrorPages(appId, platform);
  // The platform's domain may have been changed since they were added.
  const all = await platform.store.domains.list(appId);
  const domains = all.filter(({ hostname }) => !isOfPlatform(hostname, platform.domain));
  if (domains.length === 0) return { hosts: [], certificates: [], pages };
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
  return { hosts: domains.map(({ hostname }) => hostname), certificates, pages };
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
