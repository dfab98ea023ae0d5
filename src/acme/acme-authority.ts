import { Agent } from 'node:https';
import type { Client } from 'acme-client';
import { obtainCertificate, type CertificateRequest, type OrderWatcher } from './obtain-certificate.ts';

const answerMs = 30_000;
/** A chain of ten certificates with large keys is a fifth of it. */
const maxAnswerBytes = 256 * 1024;

export interface AuthorityOptions {
  /** URL of its directory (RFC 8555, 7.1.1). */
  readonly directory: string;
  /** It writes there of what goes wrong. To name it is to agree to the authority's terms of service. */
  readonly email: string;
  /** PEM: the only issuers that its own TLS certificate may have; null: those that Node trusts. */
  readonly ca: string | null;
}

/** A certificate authority that speaks ACME. One per process: how the library calls is set for all of it. */
export class AcmeAuthority {
  readonly #options: AuthorityOptions;
  #client: Promise<Client> | null = null;

  constructor(options: AuthorityOptions) {
    this.#options = options;
  }

  get directory(): string {
    return this.#options.directory;
  }

  /**
   * Resolves with the chain (PEM). `accountKey`: PEM, the account is made at its first use. Throws an Error whose message is
   * the authority's own words, or why it could not be reached; `signal` calls it off.
   */
  async obtain(
    accountKey: () => Promise<string>,
    request: CertificateRequest,
    watcher: OrderWatcher,
    signal: AbortSignal,
  ): Promise<string> {
    this.#client ??= this.#connect(accountKey);
    const connecting = this.#client;
    const client = await connecting.catch((error: unknown) => {
      if (this.#client === connecting) this.#client = null;
      throw error;
    });
    return obtainCertificate(client, request, watcher, signal);
  }

  async #connect(accountKey: () => Promise<string>): Promise<Client> {
    const { directory, email, ca } = this.#options;
    // It takes a tenth of the platform's start to load, and most platforms order nothing for a long time.
    const { axios, Client } = await import('acme-client');
    axios.defaults.timeout = answerMs;
    axios.defaults.maxContentLength = maxAnswerBytes;
    axios.defaults.maxRedirects = 0;
    // Whoever orders tries again, later. Here it would wait for as long as the authority says, with nobody to call it off.
    Object.assign(axios.defaults, { acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 5 } });
    if (ca !== null) axios.defaults.httpsAgent = new Agent({ ca });
    const client = new Client({ directoryUrl: directory, accountKey: await accountKey() });
    // Of a key that is known, this is a question for its account.
    await client.createAccount({ termsOfServiceAgreed: true, contact: [`mailto:${email}`] });
    return client;
  }
}
