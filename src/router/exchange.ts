import { request as httpRequest, type ClientRequest as Outgoing, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { deferred } from '../lib/deferred.ts';
import type { ClientRequest } from './client-request.ts';
import { failureOfHead, failureOfError, guardStatusLine } from './backend-response.ts';
import { statusOf, type RouterFailure } from './h-codes.ts';
import { endToEnd, framingOf, hasBody, trailersOf } from './headers.ts';
import { sizes } from './limits.ts';
import { Patience, type PatienceRules } from './patience.ts';
import { tunnel, writeHead } from './tunnel.ts';

/** Of one request, of kinds other than 100: early hints come in one or two. */
const maxInformations = 20;

export interface ExchangeInput {
  readonly client: ClientRequest;
  /** Connected, and used for this request only. */
  readonly backend: Socket;
  readonly path: string;
  /** As the backend is to see them, hop-by-hop ones excluded. */
  readonly headers: readonly string[];
  readonly via: string | null;
  readonly rules: PatienceRules;
  /** An event stream that the backend breaks off ends as if it were whole: its reader comes back and goes on behind its last event. */
  readonly resumableEvents: boolean;
  /** The request has become a raw connection. */
  readonly onUpgraded: () => void;
}

export interface ExchangeEnd {
  readonly status: number;
  /** Bytes of the answer's body. */
  readonly bytes: number;
  readonly failure: RouterFailure | null;
}

/**
 * Sends one request over a connection to a backend and streams the answer back, with back-pressure both ways and
 * without holding anything back. Never rejects. If it fails before `response.headersSent`, the caller answers.
 */
export function exchange(input: ExchangeInput): Promise<ExchangeEnd> {
  return new Exchange(input).run();
}

class Exchange {
  readonly #input: ExchangeInput;
  readonly #end = deferred<ExchangeEnd>();
  readonly #patience: Patience;
  #outgoing: Outgoing | null = null;
  #incoming: IncomingMessage | null = null;
  #settled = false;
  #continues = 0;
  #informations = 0;
  #bytes = 0;

  constructor(input: ExchangeInput) {
    this.#input = input;
    this.#patience = new Patience(input.rules, input.client, (failure) => {
      this.#fail(failure);
    });
  }

  run(): Promise<ExchangeEnd> {
    const { client, backend } = this.#input;
    client.response.on('close', () => {
      if (!client.response.writableFinished) this.#fail({ code: 'H27' });
    });
    client.response.on('error', () => {
      this.#fail({ code: 'H27' });
    });
    client.fault.whenRaised((cause) => {
      this.#fail({ code: 'H26', detail: cause });
    });
    if (this.#settled) {
      backend.destroy();
      return this.#end.promise;
    }
    try {
      this.#outgoing = this.#open();
    } catch {
      // Node refuses to send what its parser let in; no server could have made sense of it either.
      backend.destroy();
      this.#fail({ code: 'H26', detail: 'bad header' });
      return this.#end.promise;
    }
    this.#send(this.#outgoing);
    return this.#end.promise;
  }

  #open(): Outgoing {
    const { client, backend, path, headers } = this.#input;
    const outgoing = httpRequest({
      createConnection: () => backend,
      method: client.request.method ?? 'GET',
      path,
      headers: [...headers, ...framingOf(client.request, client.upgrade !== null)],
      setHost: false,
      maxHeaderSize: sizes.responseHead,
      insecureHTTPParser: false,
    });
    outgoing.maxHeadersCount = 0;
    outgoing.useChunkedEncodingByDefault = false;
    guardStatusLine(outgoing, backend, (failure) => {
      this.#fail(failure);
    });
    outgoing.on('information', (info) => {
      this.#onInformation(info.statusCode, info.statusMessage, info.rawHeaders);
    });
    outgoing.on('response', (incoming) => {
      this.#onResponse(incoming);
    });
    outgoing.on('upgrade', (incoming, socket, head) => {
      this.#onUpgrade(incoming, socket, head);
    });
    outgoing.on('error', (error) => {
      this.#onBackendError(error);
    });
    outgoing.on('close', () => {
      if (this.#incoming === null) this.#onBackendError(new Error('closed'));
    });
    return outgoing;
  }

  #send(outgoing: Outgoing): void {
    const { client } = this.#input;
    const { request, response } = client;
    if (client.upgrade !== null || !hasBody(request.rawHeaders)) {
      outgoing.end();
      // Lets the parser see the end of the empty body.
      if (client.upgrade === null) request.resume();
      this.#patience.awaitFirstByte();
      return;
    }
    if (client.expectsContinue) response.writeContinue();
    this.#patience.sending(outgoing);
    request.on('data', () => {
      this.#patience.progress();
    });
    request.on('end', () => {
      if (this.#settled) return;
      const trailers = trailersOf(request);
      if (trailers.length > 0) outgoing.addTrailers(trailers);
      outgoing.end();
      if (this.#incoming === null) this.#patience.awaitFirstByte();
    });
    request.pipe(outgoing, { end: false });
  }

  /** 1xx: passed on, but for `100`, which the router gives by itself. */
  #onInformation(status: number, message: string, headers: readonly string[]): void {
    const { request, response } = this.#input.client;
    this.#patience.progress();
    if (status === 100) {
      if (++this.#continues > 1) this.#fail({ code: 'H17', status: 502 });
      return;
    }
    if (++this.#informations > maxInformations) {
      this.#fail({ code: 'H17', status: 502 });
      return;
    }
    if (request.httpVersion !== '1.1' || response.headersSent || response.socket === null) return;
    // Whoever does not read them does not need them either; they would pile up here.
    if (response.socket.writableNeedDrain) return;
    writeHead(response.socket, status, message, endToEnd(headers));
  }

  #onResponse(incoming: IncomingMessage): void {
    if (this.#settled) {
      incoming.destroy();
      return;
    }
    this.#incoming = incoming;
    const failure = failureOfHead(incoming);
    if (failure !== null) {
      this.#fail(failure);
      return;
    }
    const { client, via } = this.#input;
    const { response } = client;
    const headers = [...endToEnd(incoming.rawHeaders), ...(via === null ? [] : ['Via', via])];
    try {
      response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage ?? '', headers);
    } catch {
      // Characters that Node's parser lets in and its writer does not let out.
      this.#fail({ code: 'H17' });
      return;
    }
    // The head goes out with the first bytes of the body, but does not wait for them: event streams may be silent at first.
    setImmediate(() => {
      if (!this.#settled && this.#bytes === 0 && !incoming.complete) response.flushHeaders();
    });
    this.#patience.receiving();
    incoming.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      this.#patience.progress();
    });
    incoming.on('end', () => {
      const trailers = trailersOf(incoming);
      if (trailers.length > 0) response.addTrailers(trailers);
      response.end();
    });
    incoming.on('error', (error) => {
      this.#onBackendError(error);
    });
    response.on('drain', () => {
      this.#patience.progress();
    });
    response.on('finish', () => {
      this.#settle({ status: incoming.statusCode ?? 502, bytes: this.#bytes, failure: null });
    });
    incoming.pipe(response, { end: false });
  }

  #onUpgrade(incoming: IncomingMessage, backend: Socket, head: Buffer): void {
    const { client, via, onUpgraded, rules } = this.#input;
    this.#incoming = incoming;
    if (client.upgrade === null || this.#settled) {
      backend.destroy();
      this.#fail({ code: 'H17' });
      return;
    }
    this.#settled = true;
    this.#patience.end();
    client.response.detachSocket(client.upgrade.socket);
    onUpgraded();
    const { upgrade = '' } = incoming.headers;
    const headers = [...endToEnd(incoming.rawHeaders), 'Connection', 'Upgrade', 'Upgrade', upgrade];
    if (via !== null) headers.push('Via', via);
    writeHead(client.upgrade.socket, 101, incoming.statusMessage ?? 'Switching Protocols', headers);
    tunnel(client.upgrade, { socket: backend, head }, rules).then(
      ({ bytes, failure }) => {
        this.#end.resolve({ status: 101, bytes, failure });
      },
      (error: unknown) => {
        this.#end.reject(error);
      },
    );
  }

  #onBackendError(error: Error): void {
    if (this.#incoming?.complete === true) return;
    this.#fail(failureOfError(error, this.#input.backend.bytesRead, this.#incoming !== null));
  }

  #fail(failure: RouterFailure): void {
    if (this.#settled) return;
    const { request, response } = this.#input.client;
    if (this.#outgoing !== null) request.unpipe(this.#outgoing);
    this.#incoming?.unpipe(response);
    if (response.headersSent) {
      // A half answer must not look like a whole one.
      if (this.#isResumable(failure)) response.end();
      else response.destroy();
    }
    this.#settle({ status: statusOf(failure), bytes: this.#bytes, failure });
  }

  #isResumable(failure: RouterFailure): boolean {
    if (!this.#input.resumableEvents || failure.code === 'H26' || failure.code === 'H27' || failure.code === 'H28')
      return false;
    return /^text\/event-stream\b/i.test(this.#incoming?.headers['content-type'] ?? '');
  }

  #settle(end: ExchangeEnd): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#patience.end();
    const { request } = this.#input.client;
    if (this.#outgoing !== null) request.unpipe(this.#outgoing);
    this.#outgoing?.destroy();
    this.#input.backend.destroy();
    this.#end.resolve(end);
  }
}
