import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import type { AppId } from '../model/ids.ts';
import type { GitService } from '../repo/index.ts';
import { advertiseRefs, protocolOf } from './advertise-refs.ts';
import { authorize, type Access } from './authorize.ts';
import { readCommandList } from './command-list.ts';
import type { ReceiverDeps } from './deps.ts';
import { noCache, PlainTextError, refuseDumbProtocol, sendPlainText } from './plain-text.ts';
import { limitOfPack } from './pack-limit.ts';
import { RunningPush } from './receive-pack.ts';
import { refusalResponse } from './refuse-push.ts';
import { BodyError, RequestBody } from './request-body.ts';
import { maxFetchRequestBytes, notAGitRequest, uploadPack } from './upload-pack.ts';

interface Receiver {
  readonly deps: ReceiverDeps;
  readonly pushes: Set<RunningPush>;
  readonly deploys: KeyedQueue<AppId>;
}

type Handler = (receiver: Receiver, access: Access, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Git smart HTTP. Everything else below `/<app>.git` is the dumb protocol. Source: gitprotocol-http(5). */
const routes: readonly { method: 'GET' | 'POST'; url: string; handle: Handler }[] = [
  { method: 'GET', url: '/:app.git/info/refs', handle: infoRefs },
  { method: 'POST', url: '/:app.git/git-receive-pack', handle: gitReceivePack },
  { method: 'POST', url: '/:app.git/git-upload-pack', handle: gitUploadPack },
  { method: 'GET', url: '/:app.git/*', handle: refuseDumbProtocol },
];

const requestTypes = ['application/x-git-receive-pack-request', 'application/x-git-upload-pack-request'];

/** The server must have no `requestTimeout`: a large push takes as long as it takes, and silence is timed here. */
export function receiverPlugin(deps: ReceiverDeps): FastifyPluginAsync {
  return (server: FastifyInstance): Promise<void> => {
    const receiver: Receiver = { deps, pushes: new Set(), deploys: new KeyedQueue() };
    server.removeAllContentTypeParsers();
    server.addContentTypeParser(requestTypes, (_request, payload, done) => {
      done(null, payload);
    });
    for (const { method, url, handle } of routes) {
      server.route({
        method,
        url,
        exposeHeadRoute: false,
        handler: async (request, reply) => handle(receiver, await authorize(request, deps), request, reply),
      });
    }
    server.setErrorHandler((error, _request, reply) => sendPlainText(reply, asPlainText(error, deps)));
    server.addHook('preClose', async () => {
      await Promise.all([...receiver.pushes].map((push) => push.close(deps.limits.closeGraceMs)));
    });
    return Promise.resolve();
  };
}

async function infoRefs({ deps }: Receiver, { app }: Access, request: FastifyRequest, reply: FastifyReply) {
  const { service: asked } = request.query as { service?: unknown };
  const service = typeof asked === 'string' ? services[asked] : undefined;
  if (service === undefined) return refuseDumbProtocol();
  const protocol = protocolOf(request.headers['git-protocol'], service);
  const body = await advertiseRefs(deps.repos, app.id, service, protocol);
  return reply.headers(noCache).type(`application/x-git-${service}-advertisement`).send(body);
}

const services: Readonly<Record<string, GitService | undefined>> = {
  'git-receive-pack': 'receive-pack',
  'git-upload-pack': 'upload-pack',
};

async function gitReceivePack(receiver: Receiver, access: Access, request: FastifyRequest, reply: FastifyReply) {
  const { limits } = receiver.deps;
  const packLimit = limitOfPack(limits.maxPackBytes, await receiver.deps.roomForPush());
  const body = new RequestBody(request.raw, { maxBytes: packLimit.bytes, idleMs: limits.idleMs });
  let head = Buffer.alloc(0);
  let commands = readCommandList(head, limits.maxRefsPerPush);
  while (commands.is === 'incomplete') {
    const chunk = await readOr400(body);
    head = Buffer.concat([head, chunk]);
    commands = readCommandList(head, limits.maxRefsPerPush);
  }
  if (commands.is === 'malformed') {
    body.discardRest();
    throw notAGitRequest;
  }
  void reply.headers(noCache).type('application/x-git-receive-pack-result');
  if (commands.is === 'too-many') {
    body.discardRest();
    const text = `Push rejected, more than ${limits.maxRefsPerPush} refs in one push. Push fewer branches and tags at a time.`;
    return reply.send(refusalResponse(commands.list, text, 'too many refs'));
  }
  const bringsNothing = commands.list.refs.length === 0;
  if (packLimit.bytes === 0 && !bringsNothing) {
    body.discardRest();
    return reply.send(refusalResponse(commands.list, packLimit.text, 'disk full'));
  }
  // The probe that a client sends before a large push, to see whether it may.
  if (bringsNothing) return reply.send(Buffer.alloc(0));

  reply.hijack();
  const { deps, deploys } = receiver;
  const { list } = commands;
  const push = new RunningPush({ access, deps, deploys, list, head, body, packLimit, response: reply.raw });
  receiver.pushes.add(push);
  try {
    await push.done;
  } finally {
    receiver.pushes.delete(push);
  }
  return reply;
}

async function gitUploadPack({ deps }: Receiver, access: Access, request: FastifyRequest, reply: FastifyReply) {
  const body = new RequestBody(request.raw, { maxBytes: maxFetchRequestBytes, idleMs: deps.limits.idleMs });
  reply.hijack();
  await uploadPack(access, protocolOf(request.headers['git-protocol'], 'upload-pack'), body, reply.raw, deps);
  return reply;
}

async function readOr400(body: RequestBody): Promise<Buffer> {
  try {
    const chunk = await body.read();
    if (chunk !== null) return chunk;
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    if (error.end === 'idle') throw new PlainTextError(408, ['No data came for too long. Push again.']);
  }
  throw notAGitRequest;
}

function asPlainText(error: unknown, deps: ReceiverDeps): PlainTextError {
  if (error instanceof PlainTextError) return error;
  const { statusCode } = error as { statusCode?: unknown };
  if (statusCode === 415) return new PlainTextError(415, ['This request is not of the git protocol (content type).']);
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new PlainTextError(statusCode, ['This request is not of the git protocol.']);
  }
  deps.log.error({ err: error }, 'git request failed inside the platform');
  return new PlainTextError(500, ["The platform failed; try again. The reason is in the platform's log."]);
}
