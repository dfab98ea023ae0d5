import type { AcmOrder, ManagedDomain } from '../model/acm.ts';
import type { AppId, DomainId } from '../model/ids.ts';

/** Automated certificate management: orders of certificates, and the accounts at the authorities they are ordered from. */
export interface AcmQueries {
  /** Every domain of whichever app that is to have a certificate of the platform's: ACM is on, and it shows none of its owner's. */
  listWanted(): Promise<readonly ManagedDomain[]>;
  /** The same for one domain; null: it is not, or not any more. */
  findWanted(id: DomainId): Promise<ManagedDomain | null>;
  /** Creates the order of a domain, or replaces what is known of it. */
  save(id: DomainId, order: Omit<AcmOrder, 'updatedAt'>): Promise<void>;
  /** Forgets the orders of all domains of the app. */
  clear(appId: AppId): Promise<void>;
  /** The encrypted key of the account at the authority with this directory URL. */
  findAccount(directory: string): Promise<Uint8Array | null>;
  createAccount(directory: string, sealedKey: Uint8Array): Promise<void>;
}
