import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { BrowserLogins } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Platform } from '../lifecycle/index.ts';
import { loginPlugin } from './login-plugin.ts';
import { openPlugin } from './open-plugin.ts';
import { admitCall, type Admitted } from './admit-call.ts';
import { answerCall } from './answer-call.ts';
import { defaultBodyMs, limitBodyTime } from './body-deadline.ts';
import { endpointTable, type Endpoint, type PathEntry } from './endpoint-table.ts';
import { sendError } from './error-response.ts';
import { finishAnswer } from './finish-answer.ts';
import { requireMatch } from './if-match.ts';
import { readJsonBodies } from './json-body.ts';
import { RateLimit } from './rate-limit.ts';
import { apiRoutes } from './routes.ts';
import { sendSession } from './session-stream.ts';

export interface ApiOptions {
  /** Requests of one account. */
  readonly hourlyLimit: number;
  /** For tests: an answer that does not fit its published schema becomes a 500 that says what differs. */
  readonly checkAnswers: boolean;
  /** For a request's whole body to come. Default: 30 seconds. */
  readonly bodyMs?: number;
}

/**
 * The Platform API v3. It holds no rules: it parses, authorises, calls a story or reads the store, and serialises.
 * docs/api.md tells how an endpoint is added. Source: https://devcenter.heroku.com/articles/platform-api-reference
 */
export function apiPlugin(platform: Platform, options: ApiOptions): FastifyPluginAsync {
  return async (server) => {
    server.get('/sessions/:token', { exposeHeadRoute: false }, (request, reply) =>
      sendSession(request, reply, platform),
    );
    await server.register(openPlugin(platform));
    await server.register(loginPlugin({ platform, logins: new BrowserLogins() }));
    await server.register((api, _options, done) => {
      registerApi(api, platform, options);
      done();
    });
  };
}

function registerApi(api: FastifyInstance, platform: Platform, options: ApiOptions): void {
  const rate = new RateLimit(options.hourlyLimit);
  const requestIds = new WeakMap<FastifyRequest, string>();
  readJsonBodies(api);
  limitBodyTime(api, options.bodyMs ?? defaultBodyMs);
  api.addHook('onRequest', (request, reply, done) => {
    const requestId = randomUUID();
    requestIds.set(request, requestId);
    reply.headers({ 'request-id': withGivenIds(request, requestId), ...crossOrigin });
    done();
  });
  api.addHook('onSend', finishAnswer);
  api.setErrorHandler((error, request, reply) =>
    sendError(error, requestIds.get(request) ?? '', reply, platform.logs.api, options.checkAnswers),
  );
  api.setNotFoundHandler(async (request, reply) => {
    await admitCall(request, reply, null, platform, rate);
    const path = request.url.replace(/\?.*$/s, '').slice(0, 200);
    throw new PlatformError(
      'not_found',
      `This platform has no ${request.method} ${path}. Check the path and the method.`,
    );
  });
  for (const entry of endpointTable(apiRoutes)) registerPath(api, entry, platform, rate, options);
}

function registerPath(
  api: FastifyInstance,
  entry: PathEntry,
  platform: Platform,
  rate: RateLimit,
  options: ApiOptions,
): void {
  const admitted = new WeakMap<FastifyRequest, Admitted | null>();
  api.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: entry.url,
    exposeHeadRoute: false,
    onRequest: async (request, reply) => {
      if (request.method === 'OPTIONS') return;
      const endpoint = entry.methods.get(methodOf(request)) ?? null;
      admitted.set(request, await admitCall(request, reply, endpoint, platform, rate));
      requireReadableParams(request);
      if (endpoint === null) throw wrongMethod(request, reply, entry);
    },
    handler: async (request, reply) => {
      if (request.method === 'OPTIONS') return reply.code(204).send();
      const endpoint = entry.methods.get(methodOf(request)) as Endpoint;
      const caller = admitted.get(request) ?? null;
      const readable = entry.methods.get('GET');
      await requireMatch(request, (ignored) =>
        readable?.route == null
          ? Promise.resolve(null)
          : answerCall(request, ignored, readable, caller, platform, options),
      );
      return answerCall(request, reply, endpoint, caller, platform, options);
    },
  });
}

/** Any site may call; what it needs is a token, and that no site is given. */
const crossOrigin = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers':
    'Accept, Accept-Encoding, Authorization, Content-Type, If-Match, If-None-Match, Range, Request-Id, X-Http-Method-Override',
  'access-control-expose-headers':
    'Accept-Ranges, Content-Range, ETag, Next-Range, RateLimit-Remaining, Request-Id, X-Heroku-Warning',
  'access-control-max-age': '3600',
};

/** The ids that the client sent come back before ours; a list that has grown long does not. */
function withGivenIds({ headers }: FastifyRequest, requestId: string): string {
  const given = headers['request-id'];
  return typeof given === 'string' && /^[\w.:,; -]{1,200}$/.test(given) ? `${given},${requestId}` : requestId;
}

/** HEAD is GET; a POST may stand for another method, for clients that have only it. */
function methodOf({ method, headers }: FastifyRequest): string {
  const override = headers['x-http-method-override'];
  if (method === 'POST' && typeof override === 'string' && override !== '') return override.toUpperCase();
  return method === 'HEAD' ? 'GET' : method;
}

/** No resource has a control character in its name, and a database may refuse to look for one. */
function requireReadableParams({ params }: FastifyRequest): void {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (Object.values(params as Record<string, string>).every((value) => !/[\x00-\x1f\x7f]/.test(value))) return;
  throw new PlatformError('not_found', 'The path has control characters in it. Check how it was made.');
}

function wrongMethod(request: FastifyRequest, reply: FastifyReply, { methods }: PathEntry): PlatformError {
  const allowed = [...methods.keys()].join(', ');
  reply.header('allow', allowed);
  return new PlatformError(
    'method_not_allowed',
    `This path knows ${allowed}, and not ${methodOf(request).slice(0, 20)}. Check the method.`,
  );
}
