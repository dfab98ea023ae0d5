import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { sizes } from './limits.ts';

/** Names and values in turn, as they came over the wire: order, spelling and repetition are kept. */
export type RawHeaders = readonly string[];

/** Speak of one connection only, never of the message. Source: RFC 9110, 7.6.1. */
const hopByHop = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What tells how the message is framed or where it goes cannot be taken out by naming it in `Connection`. */
const neverNominated = new Set(['host', 'content-length', 'content-type', 'cookie', 'authorization', 'close']);

export function* pairs(raw: RawHeaders): Generator<[name: string, value: string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] ?? '', raw[i + 1] ?? ''];
}

export function valuesOf(raw: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (const [key, value] of pairs(raw)) if (key.toLowerCase() === name) values.push(value);
  return values;
}

/** Copies headers without the hop-by-hop ones, those that `Connection` names, and `without` (lower case). */
export function endToEnd(raw: RawHeaders, without: ReadonlySet<string> = new Set()): string[] {
  const nominated = new Set(
    valuesOf(raw, 'connection')
      .flatMap((value) => value.split(','))
      .map((token) => token.trim().toLowerCase())
      .filter((token) => !neverNominated.has(token)),
  );
  const kept: string[] = [];
  for (const [name, value] of pairs(raw)) {
    const key = name.toLowerCase();
    if (!hopByHop.has(key) && !nominated.has(key) && !without.has(key)) kept.push(name, value);
  }
  return kept;
}

const requestIdForm = /^[A-Za-z0-9+/=-]{20,200}$/;

/** The client's X-Request-Id if it looks like one, else a new UUID. Source: https://devcenter.heroku.com/articles/http-request-id */
export function requestIdOf(raw: RawHeaders): string {
  const [given] = valuesOf(raw, 'x-request-id');
  return given !== undefined && requestIdForm.test(given) ? given : randomUUID();
}

/** Why a request is refused before it is looked at further; null when its head is fine. */
export function faultOfHead(request: IncomingMessage): string | null {
  const raw = request.rawHeaders;
  const { method = '', url = '' } = request;
  if (method.length + url.length + ' HTTP/1.1'.length + 1 > sizes.requestLine) return 'bad request line';
  if (raw.length / 2 > sizes.requestHeaderCount) return 'bad header';
  for (const [name, value] of pairs(raw)) {
    if (name.length > sizes.requestHeaderName || value.length > sizes.requestHeaderValue) return 'bad header';
  }
  return faultOfFraming(request);
}

/**
 * Two readers of one connection must never disagree where a request ends. The parser already refuses Content-Length
 * next to Transfer-Encoding and repeated Content-Length; only plain `chunked` of HTTP/1.1 is let through here.
 */
function faultOfFraming(request: IncomingMessage): string | null {
  const encodings = valuesOf(request.rawHeaders, 'transfer-encoding');
  const lengths = valuesOf(request.rawHeaders, 'content-length');
  if (encodings.length === 0) return lengths.length > 1 ? 'bad header' : null;
  if (request.httpVersion !== '1.1' || lengths.length > 0) return 'invalid transfer encoding';
  return encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked' ? null : 'invalid transfer encoding';
}

/** True if bytes follow the head. */
export function hasBody(raw: RawHeaders): boolean {
  return (
    valuesOf(raw, 'transfer-encoding').length > 0 ||
    valuesOf(raw, 'content-length').some((length) => /[1-9]/.test(length))
  );
}

/** Methods that need not say that they have no body. */
const bodyless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** The connection's own headers of a request that is sent on: they follow from what the parser saw, and are never merely copied. */
export function framingOf({ method = '', headers }: IncomingMessage, isUpgrade: boolean): string[] {
  if (isUpgrade) return ['Connection', 'Upgrade', 'Upgrade', headers.upgrade ?? ''];
  const connection = ['Connection', 'close'];
  if (headers['transfer-encoding'] !== undefined) return [...connection, 'Transfer-Encoding', 'chunked'];
  const length = headers['content-length'] ?? (bodyless.has(method) ? undefined : '0');
  return length === undefined ? connection : [...connection, 'Content-Length', length];
}

/** What would change what the head has said already. */
const notATrailer = new Set(['content-length', 'transfer-encoding', 'host', 'connection', 'trailer', 'te', 'upgrade']);

export function trailersOf({ rawTrailers }: IncomingMessage): [name: string, value: string][] {
  return [...pairs(rawTrailers)].filter(([name]) => !notATrailer.has(name.toLowerCase()));
}
