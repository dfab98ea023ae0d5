import { randomUUID } from 'node:crypto';
import { randomAppName } from '../app/index.ts';
import { readCertificate } from '../domain/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { SniEndpoint } from '../model/domain.ts';
import type { SniEndpointId } from '../model/ids.ts';
import type { Queries } from '../store/index.ts';
import type { Platform } from './platform.ts';

/** Of this platform: the router keeps the certificates of all apps in memory. */
const maxEndpointsPerApp = 100;

export interface CertificateRequest {
  /** PEM. */
  readonly chain: string;
  readonly key: string;
}

type EndpointTools = Pick<Platform, 'store' | 'secretBox' | 'formation' | 'certificates'>;

/** Keeps a certificate for the app's domains, which are told to show it one by one. Throws `invalid_params`. */
export async function addSniEndpoint(
  app: App,
  request: CertificateRequest,
  platform: EndpointTools,
): Promise<SniEndpoint> {
  const pair = readCertificate(request.chain, request.key);
  return platform.store.transaction(async (tx) => {
    const present = await tx.sniEndpoints.list(app.id);
    const own = present.filter(({ acm }) => !acm).length;
    if (own >= maxEndpointsPerApp) {
      throw new PlatformError(
        'invalid_params',
        `This app has ${own} SSL certificates, and ${maxEndpointsPerApp} are allowed. Remove one with heroku certs:remove first.`,
      );
    }
    const id = randomUUID() as SniEndpointId;
    const taken = new Set(present.map(({ name }) => name));
    let name: string = randomAppName();
    while (taken.has(name)) name = randomAppName();
    const sealedKey = platform.secretBox.seal(contextOfEndpoint(id), pair.key);
    return tx.sniEndpoints.create({ id, appId: app.id, name, certificateChain: pair.chain, sealedKey, acm: false });
  });
}

/**
 * Its domains show the new certificate before it resolves; one that the platform had got is its owner's from then on. Throws
 * `invalid_params`, and leaves the old one then.
 */
export async function changeSniEndpoint(
  endpoint: SniEndpoint,
  request: CertificateRequest,
  platform: EndpointTools,
): Promise<SniEndpoint> {
  const pair = readCertificate(request.chain, request.key);
  const sealedKey = platform.secretBox.seal(contextOfEndpoint(endpoint.id), pair.key);
  const change = { certificateChain: pair.chain, sealedKey, acm: false };
  const changed = await platform.store.sniEndpoints.update(endpoint.id, change);
  await platform.formation.refreshHosts(endpoint.appId);
  return changed;
}

/** Its domains go back to the platform's certificate. Throws `invalid_params` for one that the platform would get again. */
export async function removeSniEndpoint(endpoint: SniEndpoint, platform: EndpointTools): Promise<void> {
  if (endpoint.acm) {
    throw new PlatformError(
      'invalid_params',
      'This certificate is managed automatically. Turn that off with heroku certs:auto:disable, or replace it with one of your own with heroku certs:update.',
    );
  }
  await platform.store.sniEndpoints.delete(endpoint.id);
  await platform.formation.refreshHosts(endpoint.appId);
  platform.certificates.wake();
}

/** By name or id. Throws `not_found`. */
export async function findSniEndpoint(
  app: App,
  which: string,
  queries: Pick<Queries, 'sniEndpoints'>,
): Promise<SniEndpoint> {
  const found = (await queries.sniEndpoints.list(app.id)).find(({ id, name }) => id === which || name === which);
  if (found !== undefined) return found;
  throw new PlatformError('not_found', "Couldn't find that SNI endpoint. See heroku certs for those of the app.", {
    resource: 'sni_endpoint',
  });
}

/** PEM. For the router alone. */
export function openKey(endpoint: SniEndpoint, { secretBox }: Pick<Platform, 'secretBox'>): string {
  return secretBox.open(contextOfEndpoint(endpoint.id), endpoint.sealedKey);
}

/** What its key is sealed for. */
export function contextOfEndpoint(id: SniEndpointId): string {
  return `sni-endpoint:${id}`;
}
