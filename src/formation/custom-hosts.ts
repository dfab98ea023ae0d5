import type { AppId } from '../model/ids.ts';
import type { ErrorPages, RouteCertificate, RouteChallenge } from '../model/route.ts';

/** The host names that an app has beside the platform's, what TLS clients are shown there, and its own error pages. */
export interface CustomHosts {
  readonly hosts: readonly string[];
  readonly certificates: readonly RouteCertificate[];
  readonly challenges: readonly RouteChallenge[];
  readonly pages: ErrorPages;
}

export type ReadCustomHosts = (appId: AppId) => Promise<CustomHosts>;

/** What was read last, until it is said to have changed: a dyno that comes up must not wait for the store. */
export class KnownHosts {
  readonly #read: () => Promise<CustomHosts>;
  /** Of the next read; what an older one found is worth nothing. */
  #edition = 0;
  #known: { readonly edition: number; readonly hosts: CustomHosts } | null = null;

  constructor(read: () => Promise<CustomHosts>) {
    this.#read = read;
  }

  changed(): void {
    this.#edition += 1;
  }

  /** As they were at the time of the call, or newer. */
  async get(): Promise<CustomHosts> {
    while (this.#known?.edition !== this.#edition) {
      const edition = this.#edition;
      this.#known = { edition, hosts: await this.#read() };
    }
    return this.#known.hosts;
  }
}
