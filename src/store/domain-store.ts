import type { Domain, SniEndpoint } from '../model/domain.ts';
import type { AccountId, AppId, DomainId, SniEndpointId } from '../model/ids.ts';

/** A domain of anybody, with the owner of its app. */
export interface OwnedDomain {
  readonly hostname: string;
  readonly appId: AppId;
  readonly ownerId: AccountId;
}

export interface DomainQueries {
  /** Throws `invalid_params` when any app has the host name, `not_found` when the app is gone. */
  create(domain: { appId: AppId; hostname: string; sniEndpointId: SniEndpointId | null }): Promise<Domain>;
  /** In the order of their making. */
  list(appId: AppId): Promise<readonly Domain[]>;
  /** The one with exactly this host name, of whichever app. */
  findByHostname(hostname: string): Promise<OwnedDomain | null>;
  /** Every domain, of whichever app, whose host name ends in this suffix (`.example.com`); wildcards are among them. */
  listUnder(suffix: string): Promise<readonly OwnedDomain[]>;
  /** Throws `not_found`. */
  setSniEndpoint(id: DomainId, sniEndpointId: SniEndpointId | null): Promise<Domain>;
  /** False: it was gone already. */
  delete(id: DomainId): Promise<boolean>;
}

export interface SniEndpointQueries {
  /** Throws `not_found` when the app is gone. */
  create(endpoint: Omit<SniEndpoint, 'createdAt' | 'updatedAt'>): Promise<SniEndpoint>;
  /** In the order of their making. */
  list(appId: AppId): Promise<readonly SniEndpoint[]>;
  /** Throws `not_found`. */
  update(id: SniEndpointId, change: Pick<SniEndpoint, 'certificateChain' | 'sealedKey' | 'acm'>): Promise<SniEndpoint>;
  /** Its domains go back to the platform's certificate. False: it was gone already. */
  delete(id: SniEndpointId): Promise<boolean>;
}
