import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createServer, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessTypes } from '../model/slug.ts';
import type { ProcessType } from '../model/ids.ts';
import { startAttached, type AttachedCommand } from '../supervisor/index.ts';
import type { Bench } from './bench.ts';
import type { ExpectedWeb } from './case-schema.ts';
import { quoted, type Check } from './check.ts';
import { parsePattern } from './pattern.ts';
import { prepareDyno, type SlugToRun } from './run-slug.ts';

const answerMs = 30_000;
const maxBodyBytes = 4 * 1024 * 1024;

/** Starts the web process, asks it what the case asks, and ends it as the platform does: SIGTERM, then SIGKILL. */
export async function tryWeb(
  bench: Bench,
  slug: SlugToRun & { readonly processTypes: ProcessTypes },
  expected: ExpectedWeb,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const command = slug.processTypes['web' as ProcessType];
  if (command === undefined) return [{ name: 'http', fault: 'there is no process type web to start' }];
  const port = await freePort();
  await using dyno = await prepareDyno(bench, slug, command, { port });
  const web = startAttached(bench.sandbox.wrap(dyno.command), 'web.1');
  const heard = listen(web);
  const kill = (): void => {
    web.kill();
  };
  signal.addEventListener('abort', kill);
  try {
    const bootMs = (expected.boots_within ?? 60) * 1000;
    const booted = await untilListening(port, web, bootMs, signal);
    if (booted !== null) return [{ name: 'http: web boots', fault: `${booted}\n${heard.text()}`.trimEnd() }];
    const checks: Check[] = [{ name: 'http: web boots', fault: null }];
    for (const request of expected.requests) checks.push(...(await ask(port, request, heard.text)));
    checks.push(await checkStop(web, expected.stops_within ?? 30));
    return checks;
  } finally {
    signal.removeEventListener('abort', kill);
    web.kill();
    await web.exited;
  }
}

function listen(web: AttachedCommand): { readonly text: () => string } {
  const chunks: Buffer[] = [];
  let size = 0;
  web.output.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    while (size > 16 * 1024 && chunks.length > 1) size -= chunks.shift()?.length ?? 0;
  });
  return { text: () => Buffer.concat(chunks).toString('utf8').split('\n').slice(-20).join('\n') };
}

/** Null once something accepts connections at the port; else why not. */
async function untilListening(
  port: number,
  web: AttachedCommand,
  bootMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  const ended: { status: number | null } = { status: null };
  void web.exited.then((status) => {
    ended.status = status;
  });
  const deadline = performance.now() + bootMs;
  while (performance.now() < deadline) {
    if (signal.aborted) return 'it was interrupted';
    if (ended.status !== null) return `it ended with status ${ended.status} before it listened on $PORT; it said:`;
    if (await accepts(port)) return null;
    await delay(50);
  }
  return `it did not listen on $PORT (${port}) within ${bootMs / 1000} s; it said:`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (isOpen: boolean) => () => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', done(true));
    socket.once('error', done(false));
  });
}

async function ask(
  port: number,
  { path, status = 200, body, headers = {} }: ExpectedWeb['requests'][number],
  said: () => string,
): Promise<readonly Check[]> {
  const name = `http: GET ${path}`;
  try {
    const answer = await get(port, path);
    const faults = [
      ...(answer.status === status ? [] : [`status ${answer.status}, expected ${status}`]),
      ...(body === undefined || parsePattern(body).isIn(answer.text)
        ? []
        : [`the body has no ${body}; it begins with ${quoted(answer.text)}`]),
      ...Object.entries(headers).flatMap(([header, expected]) => {
        const found = answer.headers[header.toLowerCase()];
        if (found !== undefined && parsePattern(expected).is(String(found))) return [];
        return [`header ${header} is ${String(found ?? 'missing')}, expected ${expected}`];
      }),
    ];
    return [{ name, fault: faults.length === 0 ? null : faults.join('\n') }];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return [{ name, fault: `no answer: ${code ?? message}; web said:\n${said()}`.trimEnd() }];
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** On a connection of its own: one that is kept open would keep a server from ending. */
async function get(port: number, path: string): Promise<Answer> {
  const signal = AbortSignal.timeout(answerMs);
  const [response] = (await once(
    request({ host: '127.0.0.1', port, path, agent: false, signal }).end(),
    'response',
  )) as [IncomingMessage];
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (size < maxBodyBytes) chunks.push(chunk);
    size += chunk.length;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

async function checkStop(web: AttachedCommand, seconds: number): Promise<Check> {
  web.signal('SIGTERM');
  const over = new AbortController();
  const late = delay(seconds * 1000, 'late' as const, { signal: over.signal }).catch(() => 'late' as const);
  const how = await Promise.race([web.exited, late]);
  over.abort();
  const fault = how === 'late' ? `it did not end within ${seconds} s of SIGTERM` : null;
  return { name: 'http: SIGTERM ends web', fault };
}

/** One that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
