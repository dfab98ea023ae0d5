import type { AppId, DomainId, SniEndpointId } from './ids.ts';

/**
 * How far the certificate of a domain is, in the words of the Platform API. `verified`: the authority has seen that the
 * domain is ours, the certificate is being made. `failing`: will be tried again. `failed`: won't, unless somebody asks.
 */
export type AcmStatus = 'pending' | 'verified' | 'cert issued' | 'failing' | 'failed';

/** The order of a domain's certificate, kept at every step so that a restart goes on with it. */
export interface AcmOrder {
  readonly status: AcmStatus;
  /** Why it is failing. */
  readonly reason: string | null;
  /** At the authority, of an order under way. */
  readonly orderUrl: string | null;
  /** Encrypted PEM, of a certificate that is not issued yet. */
  readonly sealedKey: Uint8Array | null;
  /** That failed, one after the other. */
  readonly attempts: number;
  /** When it is tried again or renewed; null: never by itself. */
  readonly nextAt: Date | null;
  readonly updatedAt: Date;
}

/** A domain whose certificate is the platform's business. */
export interface ManagedDomain {
  readonly id: DomainId;
  readonly appId: AppId;
  readonly hostname: string;
  /** Which holds the certificate that was issued. */
  readonly sniEndpointId: SniEndpointId | null;
  /** Null: nothing was done yet. */
  readonly order: AcmOrder | null;
}
