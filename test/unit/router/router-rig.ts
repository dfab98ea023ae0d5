import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createConnection, type AddressInfo, type Server as NetServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { randomUUID } from 'node:crypto';
import { ensureCertificate } from '../../../src/lib/tls-certificate.ts';
import type { AppId, AppName, DynoId, DynoName } from '../../../src/model/ids.ts';
import type { LogLine } from '../../../src/model/log.ts';
import type { AppRoute, RouteTarget, WebState } from '../../../src/model/route.ts';
import { openRouter, type Router, type RouterLimits, type RouterOptions } from '../../../src/router/index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real router process in a folder of its own, with a stand-in for the control plane's log. */
export class RouterRig {
  readonly dir: string;
  readonly options: RouterOptions;
  router: Router;
  readonly log: { appId: AppId; line: LogLine }[];
  readonly #closers: (() => Promise<void> | void)[] = [];

  private constructor(dir: string, options: RouterOptions, router: Router, log: { appId: AppId; line: LogLine }[]) {
    this.dir = dir;
    this.options = options;
    this.router = router;
    this.log = log;
  }

  static async start(limits: Partial<RouterLimits> = {}, overrides: Partial<RouterOptions> = {}): Promise<RouterRig> {
    const dir = await mkdtemp(join(tmpdir(), 'hk-router-'));
    const log: { appId: AppId; line: LogLine }[] = [];
    const { cert, key } = await ensureCertificate(join(dir, 'tls'), overrides.domain ?? 'localhost');
    const options: RouterOptions = {
      runDir: join(dir, 'run'),
      bind: '127.0.0.1',
      port: 0,
      domain: 'localhost',
      execPort: null,
      platformSocket: join(dir, 'platform.sock'),
      rendezvousSocket: join(dir, 'rendezvous.sock'),
      tls: { cert, key },
      onLog: (appId, lines) => {
        for (const line of lines) log.push({ appId, line });
      },
      flush: () => Promise.resolve(),
      cursorOf: (appId, reader) =>
        log.findLast((entry) => entry.appId === appId && entry.line.cursor?.reader === reader)?.line.cursor?.position ??
        null,
      limits: { stopMs: 500, ...limits },
      log: pino({ level: 'silent' }),
      ...overrides,
    };
    return new RouterRig(dir, options, await openRouter(options), log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.router.stop();
    for (const close of this.#closers.reverse()) await close();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** A web dyno that answers by this listener; resolves to its place in the routing table. */
  async dyno(listener: RequestListener, name = 'web.1'): Promise<RouteTarget & { server: Server }> {
    const server = createServer(listener);
    return { ...(await this.listen(server, name)), server };
  }

  async listen(server: Server | NetServer, name = 'web.1'): Promise<RouteTarget> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.onClose(() => {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
    });
    return target((server.address() as AddressInfo).port, name);
  }

  /** A web dyno that answers every connection with these bytes and ends it. */
  async rawDyno(answer: string | Buffer, end = true): Promise<RouteTarget> {
    const { createServer: createNetServer } = await import('node:net');
    const server = createNetServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(answer);
        if (end) socket.end();
      });
    });
    return this.listen(server);
  }

  onClose(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  lines(): string[] {
    return this.log.map(({ line }) => String(line.message));
  }

  /** The next line of the log that the test has not asked for yet. */
  async line(number = 1): Promise<string> {
    await until(
      () => this.log.length >= number,
      () => `log has ${this.log.length} lines`,
    );
    return this.lines()[number - 1] ?? '';
  }

  get(host: string, path = '/', options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
    return send(this.router.port, host, path, options);
  }

  /** Sends bytes as they are and resolves to all that came back before the connection ended or went quiet. */
  async raw(text: string, quietMs = 300): Promise<string> {
    const socket = createConnection(this.router.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let answer = '';
    const closed = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, quietMs);
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
        timer.refresh();
      });
      socket.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    socket.write(text, 'latin1');
    await closed;
    socket.destroy();
    return answer;
  }
}

export function send(
  port: number,
  host: string,
  path = '/',
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      method: options.method ?? 'GET',
      headers: { Host: host, ...options.headers },
      agent: false,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body });
      });
    });
    outgoing.end(options.body);
  });
}

export function target(port: number, name = 'web.1'): RouteTarget {
  return {
    dynoId: randomUUID() as DynoId,
    name: name as DynoName,
    host: '127.0.0.1',
    port,
    releaseVersion: 1,
  };
}

export function route(
  name: string,
  web: WebState,
  targets: readonly RouteTarget[] = [],
  maintenance = false,
): AppRoute {
  return {
    appId: `id-of-${name}` as AppId,
    appName: name as AppName,
    hosts: [`${name}.localhost`],
    certificates: [],
    challenges: [],
    maintenance,
    pages: { error: null, maintenance: null },
    web,
    targets,
  };
}

export async function until(condition: () => boolean, describe: () => string, ms = 60_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
