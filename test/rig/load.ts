import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { RigApp } from './platform-rig.ts';
import type { VersionedAnswer } from './versioned-app.ts';

export interface LoadReport {
  readonly requests: number;
  /** One text per request that failed in whatever way. */
  readonly failures: readonly string[];
  /** One text per request that was answered by something older than what had been seen, or announced, before it started. */
  readonly stale: readonly string[];
  readonly slowestMs: number;
}

type Lane = (app: RigApp, agent: Agent) => Promise<VersionedAnswer>;

const streamedBytes = 96 * 1024;

/** One request after the other: kept-alive and closed connections, GET, and POST whose body comes in pieces. */
const lanes: readonly { readonly keepAlive: boolean; readonly send: Lane }[] = [
  { keepAlive: true, send: (app, agent) => send(app, agent, 'GET') },
  { keepAlive: true, send: (app, agent) => send(app, agent, 'GET') },
  { keepAlive: false, send: (app, agent) => send(app, agent, 'GET') },
  { keepAlive: true, send: (app, agent) => send(app, agent, 'POST') },
  { keepAlive: false, send: (app, agent) => send(app, agent, 'POST') },
];

type Position = readonly [number, number];

interface LoadOptions {
  readonly pauseMs?: number;
  /** Where an answer stands among all that there will be; throws for one that nobody may give. Default: by version, then stamp. */
  readonly order?: (answer: VersionedAnswer) => Position;
}

/** Constant load on a versioned app until it is stopped. Checks that what is answered never goes back in time. */
export class Load implements AsyncDisposable {
  readonly #app: RigApp;
  readonly #pauseMs: number;
  readonly #order: (answer: VersionedAnswer) => Position;
  readonly #failures: string[] = [];
  readonly #stale: string[] = [];
  readonly #running: readonly Promise<void>[];
  /** What every request which starts from now on must reach. */
  #reached: Position = [0, 0];
  #requests = 0;
  #slowestMs = 0;
  #isOver = false;

  constructor(app: RigApp, options: LoadOptions = {}) {
    this.#app = app;
    this.#pauseMs = options.pauseMs ?? 5;
    this.#order = options.order ?? (({ version, stamp }) => [version, stamp]);
    this.#running = lanes.map(async ({ keepAlive, send: sendOne }) => {
      const agent = new Agent({ keepAlive, maxSockets: 1 });
      while (!this.#isOver) {
        await this.#one(sendOne, agent);
        await delay(this.#pauseMs);
      }
      agent.destroy();
    });
  }

  /** From now on an older answer is a wrong one. */
  expect(version: number, stamp = 0): void {
    if (isOlder(this.#reached, [version, stamp])) this.#reached = [version, stamp];
  }

  async stop(): Promise<LoadReport> {
    this.#isOver = true;
    await Promise.all(this.#running);
    return this.soFar;
  }

  get soFar(): LoadReport {
    const requests = this.#requests;
    return { requests, failures: this.#failures, stale: this.#stale, slowestMs: Math.round(this.#slowestMs) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #one(sendOne: Lane, agent: Agent): Promise<void> {
    const startedAt = performance.now();
    const atLeast = this.#reached;
    this.#requests += 1;
    try {
      const answered = this.#order(await sendOne(this.#app, agent));
      if (isOlder(answered, atLeast)) this.#stale.push(`${answered.join('/')} after ${atLeast.join('/')}`);
      this.expect(...answered);
    } catch (error) {
      const afterMs = Math.round(performance.now() - startedAt);
      this.#failures.push(`${new Date().toISOString()} after ${afterMs} ms: ${String(error)}`);
    }
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
  }
}

function isOlder(a: Position, b: Position): boolean {
  return a[0] === b[0] ? a[1] < b[1] : a[0] < b[0];
}

async function send(app: RigApp, agent: Agent, method: 'GET' | 'POST'): Promise<VersionedAnswer> {
  const { promise, outgoing } = open(app, agent, method);
  if (method === 'POST') {
    const piece = Buffer.alloc(streamedBytes / 3, 'x');
    for (let pieces = 0; pieces < 3; pieces += 1) {
      outgoing.write(piece);
      await delay(2);
    }
  }
  outgoing.end();
  const answer = await promise;
  if (method === 'POST' && answer.received !== streamedBytes) throw new Error(`${answer.received} bytes arrived`);
  return answer;
}

function open(app: RigApp, agent: Agent, method: string) {
  const outgoing = request({
    agent,
    host: '127.0.0.1',
    port: app.rig.port,
    path: '/',
    method,
    headers: { host: `${app.host}:${app.rig.port}` },
  });
  const promise = new Promise<VersionedAnswer>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const body = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(JSON.parse(body) as VersionedAnswer);
        else reject(new Error(`${response.statusCode ?? 0} ${body.slice(0, 200)}`));
      });
    });
  });
  promise.catch(() => undefined); // awaited once the body is sent
  return { promise, outgoing };
}
