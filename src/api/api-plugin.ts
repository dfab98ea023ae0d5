import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, HTTPMethods } from 'fastify';
import { authenticate, tokenOf } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Platform } from '../lifecycle/index.ts';
import type { Account } from '../model/account.ts';
import { accountRoutes } from './account.ts';
import { apiCall, type Routes } from './api-call.ts';
import { appRoutes } from './apps.ts';
import { buildRoutes } from './builds.ts';
import { buildpackInstallationRoutes } from './buildpack-installations.ts';
import { catalogRoutes } from './catalog.ts';
import { configVarRoutes } from './config-vars.ts';
import { dynoRoutes } from './dynos.ts';
import { sendError } from './error-response.ts';
import { formationRoutes } from './formation.ts';
import { logDrainRoutes } from './log-drains.ts';
import { logSessionRoutes } from './log-sessions.ts';
import { notOfferedRoutes } from './not-offered.ts';
import { releaseRoutes } from './releases.ts';
import { sendSession } from './session-stream.ts';
import { webhookDeliveryRoutes } from './webhook-deliveries.ts';
import { webhookRoutes } from './webhooks.ts';

const maxBodyBytes = 1024 * 1024;

const routes: Routes = {
  ...accountRoutes,
  ...appRoutes,
  ...configVarRoutes,
  ...formationRoutes,
  ...dynoRoutes,
  ...releaseRoutes,
  ...buildRoutes,
  ...buildpackInstallationRoutes,
  ...logDrainRoutes,
  ...logSessionRoutes,
  ...webhookRoutes,
  ...webhookDeliveryRoutes,
  ...catalogRoutes,
  ...notOfferedRoutes,
};

/**
 * The Platform API v3, as far as the official `heroku` CLI needs it. It holds no rules: it parses, authorises, calls a
 * story or reads the store, and serialises. Source: https://devcenter.heroku.com/articles/platform-api-reference
 */
export function apiPlugin(platform: Platform): FastifyPluginAsync {
  return async (server) => {
    server.get('/sessions/:token', { exposeHeadRoute: false }, (request, reply) =>
      sendSession(request, reply, platform),
    );
    await server.register((api, _options, done) => {
      registerApi(api, platform);
      done();
    });
  };
}

function registerApi(api: FastifyInstance, platform: Platform): void {
  const log = platform.logs.api;
  const accounts = new WeakMap<FastifyRequest, Account>();
  const requestIds = new WeakMap<FastifyRequest, string>();
  readJsonBodies(api);

  api.addHook('onRequest', async (request, reply) => {
    const requestId = randomUUID();
    requestIds.set(request, requestId);
    reply.header('request-id', requestId);
    const token = tokenOf(request.headers.authorization);
    const account = token === null ? null : await authenticate(platform.store, token);
    if (account === null) throw new PlatformError('unauthorized', 'Invalid credentials provided.');
    accounts.set(request, account);
  });
  api.setErrorHandler((error, request, reply) => sendError(error, requestIds.get(request) ?? '', reply, log));
  api.setNotFoundHandler((request) => {
    const path = request.url.replace(/\?.*$/s, '').slice(0, 200);
    throw new PlatformError(
      'not_found',
      `This platform has no ${request.method} ${path}. Check the path and the method.`,
    );
  });

  for (const [route, handler] of Object.entries(routes)) {
    const [method, url] = route.split(' ') as [HTTPMethods, string];
    api.route({
      method,
      url,
      handler: async (request, reply) => {
        const account = accounts.get(request);
        if (account === undefined) throw new Error('Internal: a request came past the authentication');
        const call = apiCall(platform, account, request, reply);
        return platform.store.actingAs(call.actor, () => handler(call));
      },
    });
  }
}

/** Any body is JSON, whatever its type is called; an empty one is none. */
function readJsonBodies(api: FastifyInstance): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', { parseAs: 'string', bodyLimit: maxBodyBytes }, (_request, body, done) => {
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    try {
      done(null, JSON.parse(body.toString()));
    } catch {
      done(new PlatformError('bad_request', 'The request body is not valid JSON.'));
    }
  });
}
