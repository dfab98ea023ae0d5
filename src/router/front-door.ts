import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { clientRequest, responseOn, type ClientRequest } from './client-request.ts';
import { sendPlain } from './error-page.ts';
import { isPlatformHost, parseHostName } from './host-name.ts';
import { platformRequest } from './platform-request.ts';
import { report } from './process-report.ts';
import type { Incoming } from './public-server.ts';
import { targetOf } from './request-target.ts';
import { refuseRequest, routeRequest, type RouteTools } from './route-request.ts';
import type { RouterSettings } from './router-settings.ts';

/** A client that has been answered may still be sending its body for so long. */
const unreadBodyMs = 10_000;

/** Takes every request of the public port, checks what all of them must have, and sends it to the platform or to an app. */
export class FrontDoor {
  readonly #settings: Pick<RouterSettings, 'domain' | 'platformSocket'>;
  readonly #tools: RouteTools;
  readonly #underWay = new Set<ClientRequest>();
  /** The request that each connection is busy with, the newest if there are several. */
  readonly #current = new WeakMap<Duplex, ClientRequest>();
  /** Connections on which a request was refused. What follows on them may be the refused one's body. */
  readonly #refused = new WeakSet<Duplex>();

  constructor(settings: Pick<RouterSettings, 'domain' | 'platformSocket'>, tools: RouteTools) {
    this.#settings = settings;
    this.#tools = tools;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  readonly take = (incoming: Incoming, given: ServerResponse | null): void => {
    const { request, upgrade, fault, expectsContinue } = incoming;
    if (this.#refused.has(request.socket)) return;
    const response = given ?? (upgrade === null ? null : responseOn(upgrade, request));
    if (response === null) throw new Error('Internal: a request without a way to answer it');
    const target = targetOf(request);
    const host = target === null ? null : parseHostName(target.host);
    if (target === null || host === null) {
      this.#refuse(request.socket, response);
      sendPlain(response, 400, 'Bad request: it needs a valid Host header and target.');
      return;
    }
    const client = clientRequest(request, response, { host, path: target.path }, { expectsContinue, upgrade });
    const isPlatform = isPlatformHost(host.name, this.#settings.domain);
    if (fault === null) {
      this.#current.set(request.socket, client);
      void this.#serve(client, isPlatform);
      return;
    }
    this.#refuse(request.socket, response);
    if (isPlatform) sendPlain(response, fault.status, `Bad request: ${fault.cause}`);
    else refuseRequest(client, { code: 'H26', detail: fault.cause, status: fault.status }, this.#tools);
  };

  /** The newest request on a connection; null: there was none. */
  readonly requestOn = (socket: Duplex): { readonly request: ClientRequest; readonly isOver: boolean } | null => {
    const request = this.#current.get(socket);
    if (request === undefined) return null;
    return { request, isOver: request.response.writableFinished || request.response.closed };
  };

  /** False if nobody else answers on the connection. */
  readonly onFault = (socket: Duplex, cause: string): boolean => {
    if (this.#refused.has(socket)) return true;
    const client = this.#current.get(socket);
    if (client === undefined || client.response.writableFinished) return false;
    if (client.request.complete || client.response.headersSent) {
      // An answer is on its way on this connection: another one must not be written into it.
      socket.destroy();
      return true;
    }
    this.#refuse(socket, client.response);
    client.fault.raise(cause);
    return true;
  };

  #refuse(socket: Duplex, response: ServerResponse): void {
    this.#refused.add(socket);
    response.shouldKeepAlive = false;
  }

  async #serve(client: ClientRequest, isPlatform: boolean): Promise<void> {
    this.#underWay.add(client);
    try {
      if (isPlatform) await platformRequest(client, this.#settings.platformSocket, this.#tools.limits);
      else await routeRequest(client, this.#tools);
      endUnreadBody(client);
    } catch (error) {
      report('a request failed unexpectedly', error);
      client.request.socket.destroy();
    } finally {
      this.#underWay.delete(client);
    }
  }
}

/** A request that was answered before its body had come: what is still on its way is read and thrown away, but not for ever. */
function endUnreadBody({ request, upgrade }: ClientRequest): void {
  if (upgrade !== null || request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), unreadBodyMs);
  timer.unref();
  request.once('close', () => {
    clearTimeout(timer);
  });
  request.once('end', () => {
    clearTimeout(timer);
  });
}
