import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PlatformError } from '../errors/platform-error.ts';
import type { Platform } from '../lifecycle/index.ts';
import type { AppId } from '../model/ids.ts';
import type { StreamReading } from '../output-stream/index.ts';

/** Some proxies give up after 60 s without a byte. */
const pingMs = 15_000;
const maxLineBytes = 64 * 1024;

/**
 * The output of a build or of a release command while it is made, and afterwards: as plain text, resumed with
 * `Range: bytes=<from>-`; or as an event stream of its lines, resumed with `Last-Event-ID`, when the client asks for one.
 * Source: the schema's `output_stream_url`.
 */
export async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  appId: AppId,
  id: string,
  platform: Platform,
): Promise<unknown> {
  const asEvents = (request.headers.accept ?? '').includes('text/event-stream');
  const from = asEvents ? numberOf(request.headers['last-event-id']) : rangeStart(request.headers.range);
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, platform.closing]);
  const reading = await platform.streams.read(appId, id, from ?? 0, signal);
  if (reading === null) {
    const message = 'There is no output yet, or it is not kept any more. Try again in a moment.';
    throw new PlatformError('not_found', message, { resource: 'output' });
  }
  // What stops an event source from coming back for ever.
  if (asEvents && reading.hasEnded && from !== null && from >= reading.sizeBytes) return reply.code(204).send();

  reply.hijack();
  const response = reply.raw;
  response.once('close', () => {
    gone.abort();
  });
  response.once('error', () => {
    gone.abort();
  });
  response.writeHead(from !== null && !asEvents ? 206 : 200, {
    'content-type': asEvents ? 'text/event-stream' : 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'accept-ranges': 'bytes',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  try {
    if (asEvents) await sendEvents(reading, from ?? 0, response, signal);
    else for await (const chunk of reading.chunks()) await write(response, chunk, signal);
  } catch (error) {
    // The answer has begun: there is nobody to tell but the operator.
    if (!signal.aborted) platform.logs.api.error({ err: error }, 'an output stream ended early');
  }
  response.end();
  return reply;
}

async function sendEvents(
  reading: StreamReading,
  from: number,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const ping = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': ping\n\n');
  }, pingMs);
  let position = from;
  let rest = Buffer.alloc(0);
  const sendLine = async (length: number): Promise<void> => {
    const line = rest.toString('utf8', 0, length).replace(/\n$/, '').replaceAll('\r', '');
    rest = rest.subarray(length);
    // The id is where the next line begins: what a client that comes back has not seen yet.
    position += length;
    await write(response, `id: ${position}\ndata: ${line}\n\n`, signal);
  };
  try {
    for await (const chunk of reading.chunks()) {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) await sendLine(end + 1);
      while (rest.length > maxLineBytes) await sendLine(maxLineBytes);
    }
    if (rest.length > 0 && !signal.aborted) await sendLine(rest.length);
  } finally {
    clearInterval(ping);
  }
}

async function write(response: ServerResponse, chunk: string | Buffer, signal: AbortSignal): Promise<void> {
  if (!signal.aborted && !response.write(chunk)) await once(response, 'drain', { signal });
}

function rangeStart(header: string | undefined): number | null {
  return numberOf(/^bytes=(\d{1,12})-$/.exec(header ?? '')?.[1]);
}

function numberOf(text: string | string[] | undefined): number | null {
  return typeof text === 'string' && /^\d{1,12}$/.test(text) ? Number(text) : null;
}
