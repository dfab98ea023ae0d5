import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { sizes, type RouterLimits } from './limits.ts';
import { Certificates } from './certificates.ts';
import type { Upgrade } from './client-request.ts';
import { Connections } from './connections.ts';
import { faultOfHead, hasBody, pairs } from './headers.ts';
import type { RawProtocol } from './raw-connection.ts';
import { listenAll } from './listen-all.ts';
import type { RoutingTable } from './routing-table.ts';
import { readServerName } from './server-name.ts';

export interface PublicServerOptions {
  readonly bind: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string };
  readonly limits: RouterLimits;
  readonly table: Pick<RoutingTable, 'certificateAt'>;
  /** The newest request on a connection; null: there was none. */
  readonly requestOn: (front: Duplex) => { readonly request: unknown; readonly isOver: boolean } | null;
}

export interface Incoming {
  readonly request: IncomingMessage;
  readonly expectsContinue: boolean;
  readonly upgrade: Upgrade | null;
  /** Why the request may not go on; null when its head is fine. */
  readonly fault: { readonly cause: string; readonly status: number } | null;
}

/** Called when the parser finds the connection broken. True: it has been seen to, nothing is to be written. */
export type OnFault = (socket: Duplex, cause: string) => boolean;

export type OnRequest = (incoming: Incoming, response: ServerResponse | null) => void;

/** A connection that does not speak HTTP, with nothing of it read yet. */
export type OnRaw = (socket: Socket, protocol: RawProtocol) => void;

const tlsHandshake = 0x16;
const sshStart = Buffer.from('SSH-');

/** The secret of an attach URL starts with a small letter, an HTTP method with a capital one. */
function isSecret(first: Buffer): boolean {
  const [byte = 0] = first;
  return byte >= 0x61 && byte <= 0x7a;
}

/**
 * The public port: tells TLS from plain HTTP by the first byte, and hands both to one strict HTTP parser. SSH, and
 * rendezvous inside of TLS, are told by their first bytes too.
 */
export class PublicServer {
  readonly #http: Server;
  readonly #certificates: Certificates;
  readonly #limits: RouterLimits;
  readonly #onRaw: OnRaw;
  readonly #connections: Connections;
  #listeners: readonly NetServer[] = [];

  constructor(options: PublicServerOptions, onRequest: OnRequest, onFault: OnFault, onRaw: OnRaw) {
    this.#limits = options.limits;
    this.#onRaw = (socket, protocol) => {
      this.#connections.isRaw(socket);
      onRaw(socket, protocol);
    };
    this.#connections = new Connections(options.limits, options.requestOn);
    this.#http = httpServer(options.limits, onRequest, onFault);
    this.#certificates = new Certificates(options.table, options.tls, (pair) => this.#makeTlsServer(pair));
    // The HTTP server listens nowhere itself; this starts its watch over slow clients.
    this.#http.emit('listening');
  }

  /** Resolves to the port; rejects with the error of the system (`EADDRINUSE`, `EACCES`). May be called again for another port. */
  async listen(bind: string, port: number): Promise<number> {
    const onConnection = (socket: Socket): void => {
      this.#onConnection(socket);
    };
    const make = (): NetServer => {
      const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false }, onConnection);
      server.maxConnections = sizes.connections;
      return server;
    };
    const { servers, port: actual } = await listenAll(bind, port, make);
    this.#listeners = [...this.#listeners, ...servers];
    return actual;
  }

  /** Takes no new connection and closes the quiet ones; requests under way go on. */
  close(): void {
    for (const listener of this.#listeners) listener.close();
    this.#http.close();
    this.#http.closeIdleConnections();
    this.#connections.close();
  }

  #onConnection(socket: Socket): void {
    if (!this.#connections.take(socket)) return;
    const isEnough = (bytes: Buffer): boolean => bytes[0] !== tlsHandshake || readServerName(bytes).is !== 'incomplete';
    this.#peek(socket, isEnough, (first) => {
      if (first.subarray(0, sshStart.length).equals(sshStart)) this.#onRaw(socket, 'ssh');
      else if (first[0] === tlsHandshake) this.#toTls(socket, first);
      else this.#toHttp(socket);
    });
  }

  #onSecureConnection(socket: TLSSocket): void {
    this.#connections.isTls(socket);
    const isEnough = (): boolean => true;
    this.#peek(socket, isEnough, (first) => {
      if (isSecret(first)) this.#onRaw(socket, 'rendezvous');
      else this.#toHttp(socket);
    });
  }

  #makeTlsServer(pair: { readonly cert: string; readonly key: string }): TlsServer {
    const { cert, key } = pair;
    const server = createTlsServer({ cert, key, ALPNProtocols: ['http/1.1'], handshakeTimeout: 10_000 });
    server.on('secureConnection', (socket) => {
      this.#onSecureConnection(socket);
    });
    server.on('tlsClientError', (_error, socket) => {
      socket.destroy();
    });
    return server;
  }

  #toTls(socket: Socket, hello: Buffer): void {
    const asked = readServerName(hello);
    this.#certificates.serverFor(asked.is === 'known' ? asked.name : null).emit('connection', socket);
  }

  #toHttp(socket: Socket): void {
    this.#http.emit('connection', socket);
    process.nextTick(() => {
      socket.resume();
    });
  }

  /** Waits for the first bytes, as many as are needed, and puts them back; the socket is paused then. */
  #peek(socket: Socket, isEnough: (bytes: Buffer) => boolean, onFirst: (first: Buffer) => void): void {
    socket.on('error', () => {
      socket.destroy();
    });
    const timer = setTimeout(() => {
      socket.destroy();
    }, this.#limits.keepAliveMs);
    const onEnd = (): void => {
      socket.destroy();
    };
    socket.once('close', () => {
      clearTimeout(timer);
    });
    socket.once('end', onEnd);
    let first: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
      if (!isEnough(first)) return;
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.pause();
      socket.unshift(first);
      onFirst(first);
    };
    socket.on('data', onData);
  }
}

function httpServer(limits: RouterLimits, onRequest: OnRequest, onFault: OnFault): Server {
  const server = createHttpServer({
    insecureHTTPParser: false,
    maxHeaderSize: sizes.requestHead,
    requireHostHeader: false,
    headersTimeout: limits.headersMs,
    // Uploads may take any time; a stalled one is ended by its exchange.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(5_000, limits.headersMs),
    noDelay: true,
  });
  // 0: no header is silently dropped; too many are refused by `faultOfHead`.
  server.maxHeadersCount = 0;
  const unanswered = new WeakMap<Duplex, number>();
  const take = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const count = unanswered.get(socket) ?? 0;
    // Each is answered by whoever it is for at the same time: one connection is not to be worth thousands.
    if (count >= sizes.pipelined) {
      socket.destroy();
      return;
    }
    unanswered.set(socket, count + 1);
    response.once('close', () => {
      unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1);
    });
    onRequest({ request, expectsContinue, upgrade: null, fault: faultOf(request) }, response);
  };
  server.on('request', take(false));
  server.on('checkContinue', take(true));
  server.on('checkExpectation', (request, response) => {
    const fault = { cause: 'unsupported expect header value', status: 417 };
    onRequest({ request, expectsContinue: false, upgrade: null, fault }, response);
  });
  server.on('upgrade', (request, _socket, head) => {
    onUpgrade(server, request, { socket: request.socket, head }, onRequest);
  });
  server.on('connect', (_request, socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  server.on('clientError', (error, socket) => {
    onClientError(error, socket, onFault);
  });
  return server;
}

function faultOf(request: IncomingMessage): Incoming['fault'] {
  const cause = faultOfHead(request);
  return cause === null ? null : { cause, status: 400 };
}

/**
 * With an `Upgrade` header the parser lets go of the connection at once. Where there is a body to parse (clients that
 * offer h2c with every request), the offer is declined: the request is parsed again without it.
 */
function onUpgrade(server: Server, request: IncomingMessage, upgrade: Upgrade, onRequest: OnRequest): void {
  const { socket, head } = upgrade;
  socket.on('error', () => {
    socket.destroy();
  });
  const fault = faultOf(request);
  if (fault === null && (hasBody(request.rawHeaders) || request.httpVersion !== '1.1')) {
    socket.unshift(Buffer.concat([headWithoutUpgrade(request), head]));
    server.emit('connection', socket);
    socket.resume();
    return;
  }
  onRequest({ request, expectsContinue: false, upgrade, fault }, null);
}

function headWithoutUpgrade(request: IncomingMessage): Buffer {
  const lines = [...pairs(request.rawHeaders)]
    .filter(([name]) => !['upgrade', 'http2-settings', 'connection'].includes(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const line = `${request.method ?? ''} ${request.url ?? ''} HTTP/${request.httpVersion}\r\n`;
  return Buffer.from(`${line}${lines.join('')}\r\n`, 'latin1');
}

function onClientError(error: NodeJS.ErrnoException, socket: Duplex, onFault: OnFault): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (onFault(socket, error.code === 'HPE_INVALID_CHUNK_SIZE' ? 'bad chunk' : 'bad request')) return;
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n`, () => {
    socket.destroy();
  });
}
