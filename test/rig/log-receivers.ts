import { createServer as createHttp, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What an HTTPS receiver does with a request: a status, or no answer at all. */
export type Answer = number | 'reset' | 'silence';

export interface DrainRequest {
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
  readonly body: Buffer;
  readonly answered: Answer;
}

/** A receiver of HTTPS drains and of webhooks; plain HTTP without a certificate. */
export class HttpReceiver implements AsyncDisposable {
  readonly requests: DrainRequest[] = [];
  /** Decides what to answer; changed by the test. */
  answer: (request: Omit<DrainRequest, 'answered'>) => Answer | Promise<Answer> = () => 204;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #scheme: string;

  private constructor(certificate: Certificate | null) {
    this.#scheme = certificate === null ? 'http' : 'https';
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.once('end', () => {
        const whole = { headers: request.headers, path: request.url ?? '', body: Buffer.concat(chunks) };
        void Promise.resolve(this.answer(whole)).then((answered) => {
          this.requests.push({ ...whole, answered });
          if (answered === 'reset') request.socket.resetAndDestroy();
          else if (answered !== 'silence') response.writeHead(answered).end();
        });
      });
    };
    this.#server = certificate === null ? createHttp(listener) : createHttps({ ...certificate }, listener);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: { certificate?: Certificate; port?: number } = {}): Promise<HttpReceiver> {
    const receiver = new HttpReceiver(options.certificate ?? null);
    await listen(receiver.#server, options.port ?? 0);
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://localhost:${this.port}`;
  }

  /** The messages that were taken, as frames. */
  get frames(): readonly string[] {
    return this.requests.filter(({ answered }) => answered === 204).flatMap(({ body }) => splitFrames(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A receiver of syslog over TCP, or over TLS with a certificate. */
export class SyslogReceiver implements AsyncDisposable {
  /** Of each connection, in order. */
  readonly connections: { bytes: Buffer; readonly socket: Socket }[] = [];
  /** Called with each new connection, to misbehave. */
  onConnection: (socket: Socket) => void = () => undefined;
  readonly #server: Server;

  private constructor(certificate: Certificate | null) {
    const accept = (socket: Socket): void => {
      const connection = { bytes: Buffer.alloc(0), socket };
      this.connections.push(connection);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        connection.bytes = Buffer.concat([connection.bytes, chunk]);
      });
      this.onConnection(socket);
    };
    this.#server = certificate === null ? createTcp(accept) : createTls({ ...certificate }, accept);
  }

  static async start(options: { certificate?: Certificate; port?: number } = {}): Promise<SyslogReceiver> {
    const receiver = new SyslogReceiver(options.certificate ?? null);
    await listen(receiver.#server, options.port ?? 0);
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whole messages of all connections; a torn one at the end of a connection does not count. */
  get frames(): readonly string[] {
    return this.connections.flatMap(({ bytes }) => splitFrames(bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** Undoes octet counting (RFC 6587); throws where a length does not fit what follows. */
export function splitFrames(bytes: Buffer): readonly string[] {
  const frames: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = space === -1 ? '' : bytes.toString('latin1', at, space);
    if (space === -1) break;
    if (!/^[1-9]\d*$/.test(digits)) throw new Error(`no length at ${at}: ${JSON.stringify(digits.slice(0, 40))}`);
    const end = space + 1 + Number(digits);
    if (end > bytes.length) break;
    frames.push(bytes.toString('utf8', space + 1, end));
    at = end;
  }
  return frames;
}

/** The message of a frame, without its head and line feed. */
export function messageOf(frame: string): string {
  return frame.replace(/^<\d+>1 \S+ \S+ \S+ \S+ - /, '').replace(/\n$/, '');
}
