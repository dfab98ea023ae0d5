import type { FastifyReply, FastifyRequest } from 'fastify';
import { authorizeApp } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Platform } from '../lifecycle/index.ts';
import type { Actor } from '../model/account.ts';
import type { Origin } from '../model/audit.ts';
import type { Admitted } from './admit-call.ts';
import type { ApiCall, OpenCall } from './api-call.ts';
import { answerMismatch } from './check-answer.ts';
import { checkRequest } from './check-request.ts';
import { paramsOf, type Endpoint } from './endpoint-table.ts';
import { pageOfPlainList } from './send-page.ts';

export interface AnswerOptions {
  /** An answer that does not fit its published schema becomes a failure. */
  readonly checkAnswers: boolean;
}

/** The one way to a handler: the app and what may be done with it, then the form of the body, then the handler. */
export async function answerCall(
  request: FastifyRequest,
  reply: FastifyReply,
  endpoint: Endpoint,
  admitted: Admitted | null,
  platform: Platform,
  options: AnswerOptions,
): Promise<unknown> {
  const call = openCall(request, reply, endpoint, platform);
  const run = (): unknown => runHandler(call, endpoint, admitted);
  const answer = await (admitted === null
    ? run()
    : platform.store.actingAs(actorOf(admitted), originOf(admitted, request), run));
  if (answer === reply || reply.sent) return reply;
  const sent = endpoint.method === 'GET' && Array.isArray(answer) ? pageOfPlainList(call, answer) : answer;
  // What is included on request is not part of the published schema.
  const isPlain = request.headers['accept-inclusion'] === undefined;
  if (options.checkAnswers && isPlain && endpoint.published !== null && reply.statusCode < 300) {
    const mismatch = await answerMismatch(endpoint.published, sent);
    if (mismatch !== null) throw new Error(`The answer does not fit its published schema: ${mismatch}`);
  }
  return sent;
}

async function runHandler(call: OpenCall, endpoint: Endpoint, admitted: Admitted | null): Promise<unknown> {
  const { route, published } = endpoint;
  if (route === null) throw notImplemented(endpoint);
  const checkBody = async (): Promise<void> => {
    if (published !== null && route.checksBody !== false) await checkRequest(published, call.body);
  };
  if (route.access.is === 'public') {
    await checkBody();
    return (route as Extract<typeof route, { access: { is: 'public' } }>).handler(call);
  }
  if (admitted === null) throw new Error('Internal: a request came past the authentication');
  const { account, authorization } = admitted;
  const apiCall: ApiCall = { ...call, account, authorization, actor: actorOf(admitted) };
  if (route.access.is === 'app') {
    const app = await authorizeApp(call.platform.store, account, call.param('app'), route.access.need);
    await checkBody();
    const answer: unknown = await (route as Extract<typeof route, { access: { is: 'app' } }>).handler(apiCall, app);
    // Who has the answer finds its line in the app's log, even if the platform is killed right after it.
    if (endpoint.method !== 'GET') await call.platform.logplex.flush(app.id);
    return answer;
  }
  await checkBody();
  return (route as Extract<typeof route, { access: { is: 'account' | 'operator' } }>).handler(apiCall);
}

function originOf({ authorization }: Admitted, { ip }: FastifyRequest): Origin {
  return { via: authorization === null ? 'password' : authorization.description, address: ip };
}

function actorOf({ account }: Admitted): Actor {
  return { accountId: account.id, email: account.email };
}

function notImplemented({ method, path }: Endpoint): PlatformError {
  return new PlatformError(
    'not_implemented',
    `${method} ${path} is part of Heroku's Platform API and not offered by this platform.`,
  );
}

function openCall(request: FastifyRequest, reply: FastifyReply, endpoint: Endpoint, platform: Platform): OpenCall {
  const params = paramsOf(endpoint, request.params);
  const query = request.query as Readonly<Record<string, string | readonly string[] | undefined>>;
  return {
    platform,
    request,
    reply,
    body: request.body,
    param: (name) => params.get(name) ?? '',
    query: (name) => {
      const value = Object.hasOwn(query, name) ? query[name] : undefined;
      return typeof value === 'string' ? value : value?.[0];
    },
    warn: (text) => {
      reply.header('x-heroku-warning', text.replace(/[^\x20-\x7e]/g, '?'));
    },
  };
}
