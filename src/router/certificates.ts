import type { Server } from 'node:tls';
import type { RouteCertificate } from '../model/route.ts';
import { report } from './process-report.ts';
import type { RoutingTable } from './routing-table.ts';

export type MakeTlsServer = (pair: { readonly cert: string; readonly key: string }) => Server;

/**
 * Which TLS server, each with one certificate, takes the connections of a host. One server that is told the certificate in
 * its `SNICallback` will not do: Node only adds it to the server's own, and OpenSSL then shows what kind of key it likes
 * best, so that the owner of an RSA certificate would see the platform's ECDSA one.
 */
export class Certificates {
  readonly #table: Pick<RoutingTable, 'certificateAt'>;
  readonly #make: MakeTlsServer;
  readonly #ours: Server;
  /** Made at the first use; gone with the certificate. */
  readonly #servers = new WeakMap<RouteCertificate, Server>();

  constructor(table: Pick<RoutingTable, 'certificateAt'>, ours: { cert: string; key: string }, make: MakeTlsServer) {
    this.#table = table;
    this.#make = make;
    this.#ours = make(ours);
  }

  /** `host` as the client sent it; null: it named none. */
  serverFor(host: string | null): Server {
    const certificate = host === null ? null : this.#table.certificateAt(host.toLowerCase().replace(/\.$/, ''));
    if (certificate === null) return this.#ours;
    const known = this.#servers.get(certificate);
    if (known !== undefined) return known;
    const server = this.#open(certificate);
    this.#servers.set(certificate, server);
    return server;
  }

  /** It was checked when it was added, but perhaps by a platform with another OpenSSL. */
  #open(certificate: RouteCertificate): Server {
    try {
      return this.#make(certificate);
    } catch (error) {
      report('a certificate can not be used', error);
      return this.#ours;
    }
  }
}
