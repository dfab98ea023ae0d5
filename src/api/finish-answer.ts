import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Smaller answers gain nothing. */
const minGzipBytes = 1024;
const compress = promisify(gzip);

/** `ETag` and 304 for what was read, and gzip for who asks for it; the official CLI does neither. */
export async function finishAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (typeof payload !== 'string' || request.method === 'OPTIONS') return payload;
  reply.header('vary', 'Accept-Encoding');
  if ((request.method === 'GET' || request.method === 'HEAD') && reply.statusCode < 300) {
    const etag = etagOf(payload);
    reply.header('etag', etag);
    reply.header('cache-control', 'private, no-cache');
    if (namesEtag(request.headers['if-none-match'], etag)) {
      reply.code(304).removeHeader('content-type').removeHeader('content-length');
      return null;
    }
  }
  if (payload.length < minGzipBytes || !acceptsGzip(request.headers['accept-encoding'])) return payload;
  const zipped = await compress(payload);
  reply.header('content-encoding', 'gzip').header('content-length', zipped.length);
  return zipped;
}

export function etagOf(payload: string): string {
  return `"${createHash('sha256').update(payload).digest('hex').slice(0, 32)}"`;
}

/** Whether the list of an `If-Match` or `If-None-Match` has this one; a weak one counts as well. */
export function namesEtag(header: string | undefined, etag: string): boolean {
  const names = (header ?? '').split(',').map((name) => name.trim().replace(/^W\//, ''));
  return names.includes('*') || names.includes(etag);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /(^|,)\s*(gzip|\*)\s*(;\s*q=(1|0\.\d*[1-9]\d*)[\d.]*)?\s*(,|$)/i.test(String(header ?? ''));
}
