import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Platform } from '../lifecycle/index.ts';
import type { LogSession } from '../logplex/index.ts';

/** The official CLI gives up after 300 s without a byte, some proxies after 60 s. */
const pingMs = 15_000;

/**
 * When a client comes back that sees the stream end, in milliseconds. The official CLI waits this long even after a log
 * that it does not want to tail, and for 3 s when nothing is said.
 */
const retryMs = { tail: 1_000, noTail: 1 };

/**
 * `GET /sessions/<token>`: an app's log as an event stream when the client asks for one, else as plain text.
 * The token is the only secret. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function sendSession(request: FastifyRequest, reply: FastifyReply, platform: Platform): Promise<unknown> {
  const { token = '' } = request.params as { token?: string };
  const lastEventId = request.headers['last-event-id'];
  const session = platform.logplex.openSession(token, typeof lastEventId === 'string' ? lastEventId : null);
  if (session === null) {
    const message = 'This log session is unknown or has expired. Ask for a new one with heroku logs.';
    return reply.code(404).send({ id: 'not_found', message });
  }
  const events = (request.headers.accept ?? '').includes('text/event-stream');
  reply.hijack();
  reply.raw.writeHead(200, {
    'content-type': events ? 'text/event-stream' : 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'request-id': randomUUID(),
    'x-accel-buffering': 'no',
  });
  reply.raw.flushHeaders();
  try {
    await pump(session, events, reply.raw, platform.closing);
  } catch (error) {
    // The answer has begun: there is nobody to tell but the operator.
    platform.logs.api.error({ err: error }, 'a log session ended early');
  }
  return reply;
}

/** Writes no faster than the client reads; ends when the session does, the client has gone, or the platform closes. */
async function pump(
  session: LogSession,
  events: boolean,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  // A reset connection is seen as a close.
  response.once('error', () => {
    gone.abort();
  });
  const ping = setInterval(() => {
    if (events && !response.writableNeedDrain) response.write(': ping\n\n');
  }, pingMs);
  if (events) response.write(`retry: ${session.tail ? retryMs.tail : retryMs.noTail}\n\n`);
  const signal = AbortSignal.any([gone.signal, closing]);
  try {
    for await (const batch of session.lines(signal)) {
      const text = events
        ? batch.map((line) => `id: ${line.id}\ndata: ${line.text}\n\n`).join('')
        : batch.map((line) => `${line.text}\n`).join('');
      if (!response.write(text)) await drained(response, signal);
    }
  } finally {
    clearInterval(ping);
    response.end();
  }
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.removeListener('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (signal.aborted) {
      resolve();
      return;
    }
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
