import type { AcmOrder } from './acm.ts';
import type { AppId, DomainId, SniEndpointId } from './ids.ts';

/** A custom domain: a host name of an app beside the one that the platform gives it. */
export interface Domain {
  readonly id: DomainId;
  readonly appId: AppId;
  /** Lower case, in punycode, without a port: `www.example.com`, `*.example.com`. */
  readonly hostname: string;
  /** Whose certificate TLS clients of this host are shown; null: the platform's own. */
  readonly sniEndpoint: { readonly id: SniEndpointId; readonly name: string } | null;
  /** Of the certificate that the platform gets for it; null: it does not, or has not begun. */
  readonly acm: Pick<AcmOrder, 'status' | 'reason'> | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A certificate of an app's owner, or one that the platform has got, shown to TLS clients that ask for one of its domains. */
export interface SniEndpoint {
  readonly id: SniEndpointId;
  readonly appId: AppId;
  /** Unique within the app. */
  readonly name: string;
  /** PEM, the server's own certificate first, each of the others the issuer of the one before. */
  readonly certificateChain: string;
  /** Encrypted PEM. */
  readonly sealedKey: Uint8Array;
  /** The platform has got it, for one domain, and renews it. */
  readonly acm: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
