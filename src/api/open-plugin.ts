import { createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { PlatformError } from '../errors/platform-error.ts';
import { receiveSlug, type Platform } from '../lifecycle/index.ts';
import type { SignedMethod } from '../lib/signed-path.ts';
import type { AppId, SlugId } from '../model/ids.ts';
import { sendError } from './error-response.ts';
import { sendStream } from './output-stream.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** How long what a client still sends is taken when its upload is refused, so that it gets to read why. */
const discardMs = 10_000;

/** What clients reach without a token: the secret is in the URL. */
export function openPlugin(platform: Platform): FastifyPluginAsync {
  return (server: FastifyInstance): Promise<void> => {
    server.removeAllContentTypeParsers();
    // Streamed: nothing of an upload is held in memory.
    server.addContentTypeParser('*', (_request, payload, done) => {
      done(null, payload);
    });
    server.setErrorHandler((error, _request, reply) => sendError(error, '', reply, platform.logs.api));
    server.get('/streams/:app/:stream', { exposeHeadRoute: false }, (request, reply) => {
      requireSignature('GET', request, platform);
      const { app, stream } = request.params as { app: AppId; stream: string };
      return sendStream(request, reply, app, stream, platform);
    });
    server.put('/sources/:file', (request, reply) =>
      takeUpload(request, reply, platform, (id, body) => platform.sources.receive(id, body)),
    );
    server.put('/slugs/:file', (request, reply) =>
      takeUpload(request, reply, platform, (id, body) => receiveSlug(id as SlugId, body, platform)),
    );
    server.get('/sources/:file', { exposeHeadRoute: false }, async (request, reply) => {
      const id = signedId('GET', request, platform);
      const sizeBytes = await platform.sources.sizeOf(id);
      if (sizeBytes === null) throw gone('source', 'Upload it again.');
      return sendFile(reply, platform.sources.path(id), sizeBytes);
    });
    server.get('/slugs/:file', { exposeHeadRoute: false }, async (request, reply) => {
      const slug = await platform.store.slugs.findById(signedId('GET', request, platform) as SlugId);
      if (slug === null || !(await platform.slugs.has(slug.sha256)))
        throw gone('slug', 'Deploy again to make a new one.');
      return sendFile(reply, platform.slugs.path(slug.sha256), slug.sizeBytes);
    });
    return Promise.resolve();
  };
}

async function takeUpload(
  request: FastifyRequest,
  reply: FastifyReply,
  platform: Platform,
  take: (id: string, body: AsyncIterable<Buffer>) => Promise<void>,
): Promise<unknown> {
  const { raw } = request;
  try {
    await take(signedId('PUT', request, platform), raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>);
  } catch (error) {
    if (raw.destroyed && !raw.complete) throw new PlatformError('bad_request', 'The upload ended early. Upload again.');
    await discardRest(raw);
    throw error;
  }
  return reply.code(200).send('');
}

/** An answer in the middle of a request would be lost with the connection. */
async function discardRest(raw: IncomingMessage): Promise<void> {
  if (raw.complete || raw.destroyed) return;
  raw.resume();
  await finished(raw, { signal: AbortSignal.timeout(discardMs), writable: false }).catch(() => raw.destroy());
}

function sendFile(reply: FastifyReply, path: string, sizeBytes: number): FastifyReply {
  return reply.type('application/gzip').header('content-length', sizeBytes).send(createReadStream(path));
}

/** The id in `/sources/<id>.tgz`, when the URL has our signature. */
function signedId(method: SignedMethod, request: FastifyRequest, platform: Platform): string {
  requireSignature(method, request, platform);
  const id = (request.params as { file: string }).file.replace(/\.tgz$/, '');
  if (!uuid.test(id)) throw new PlatformError('not_found', 'There is nothing at this URL.');
  return id;
}

function requireSignature(method: SignedMethod, request: FastifyRequest, platform: Platform): void {
  const permission = platform.signer.check(method, request.url);
  if (permission === 'valid') return;
  const message =
    permission === 'expired'
      ? 'This URL has expired. Ask the API for a new one.'
      : 'This URL is not one that the API has given for this method, or it was cut off. Use it as it was given.';
  throw new PlatformError('forbidden', message);
}

function gone(what: string, next: string): PlatformError {
  return new PlatformError('not_found', `This ${what} is not stored (any more). ${next}`, { resource: what });
}
