import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import ssh2 from 'ssh2';
import { authenticateToken, basicCredentials } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { Caller } from '../model/authorization.ts';
import type { Platform } from '../lifecycle/index.ts';
import { authorizeExec } from './authorize-exec.ts';
import type { ExecReservations } from './exec-reservations.ts';
import type { SshHostKey } from './ssh-host-key.ts';

export interface ExecTools {
  readonly platform: Platform;
  readonly reservations: ExecReservations;
  readonly hostKey: () => Promise<SshHostKey>;
}

const bodyLimit = 16_384;

/**
 * Heroku's exec manager, of which `heroku ps:exec`, `ps:copy` and `ps:forward` ask for a way into a dyno. Its clients call
 * as `<app>:<token>`. Source: heroku-cli.md 5.4.
 */
export function execPlugin(tools: ExecTools): FastifyPluginAsync {
  return (server) => {
    server.setErrorHandler(sendExecError);
    server.get('/api/v2', async (request) => {
      const { app } = await admit(request, tools.platform);
      return tools.platform.formation
        .list(app.id)
        .filter(({ state }) => state === 'up')
        .map(({ name }) => ({ dyno_name: name }));
    });
    server.put('/api/v2/:dyno', { bodyLimit }, (request) => reserve(request, tools));
    return Promise.resolve();
  };
}

async function reserve(request: FastifyRequest, { platform, reservations, hostKey }: ExecTools): Promise<unknown> {
  const { app, caller } = await admit(request, platform);
  const { dyno: name } = request.params as { dyno: string };
  const dyno = platform.formation.list(app.id).find((one) => one.name === name);
  if (dyno?.state !== 'up') {
    const message = `There is no dyno ${name.slice(0, 100)} that is up. Run heroku ps to see those that are.`;
    throw new PlatformError('not_found', message);
  }
  const { client_key: sent } = (request.body ?? {}) as { client_key?: unknown };
  const key = typeof sent === 'string' ? ssh2.utils.parseKey(sent.trim()) : null;
  if (key === null || key instanceof Error || Array.isArray(key)) {
    const message = 'client_key must be one public key as OpenSSH writes it, such as the line of an id_ed25519.pub.';
    throw new PlatformError('invalid_params', message);
  }
  const { account, authorization } = caller;
  const owner = { accountId: account.id, authorizationId: authorization.id };
  const actor = { accountId: account.id, email: account.email };
  const deed = { action: 'dyno:enter', appId: app.id, appName: app.name, detail: `by SSH into ${dyno.name}` };
  await platform.store.actingAs(actor, { via: authorization.description, address: request.ip }, () =>
    platform.store.noteDeed(deed),
  );
  return {
    tunnel_host: request.hostname,
    client_user: reservations.add({ appId: app.id, dyno: dyno.name, ...owner, key }),
    proxy_public_key: (await hostKey()).public,
    dyno_ip: '127.0.0.1',
  };
}

async function admit(request: FastifyRequest, platform: Platform): Promise<{ app: App; caller: Caller }> {
  const credentials = basicCredentials(request.headers.authorization);
  const caller = credentials === null ? null : await authenticateToken(platform, credentials.password, request.ip);
  if (credentials === null || caller === null) {
    const message = 'Invalid credentials provided: the token is unknown, revoked or expired. Log in with heroku login.';
    throw new PlatformError('unauthorized', message);
  }
  return { app: await authorizeExec(platform.store, caller, credentials.user), caller };
}

const statusOf: Readonly<Partial<Record<string, number>>> = {
  unauthorized: 401,
  forbidden: 403,
  suspended: 403,
  not_found: 404,
  rate_limit: 429,
};

function sendExecError(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof PlatformError) {
    if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', error.retryAfterSeconds);
    return reply.code(statusOf[error.id] ?? 422).send({ id: error.id, message: error.message });
  }
  const { statusCode = 500 } = error as { statusCode?: number };
  if (statusCode >= 500) throw error;
  const message = `The request can not be read. Send a JSON object with client_key, of at most ${bodyLimit} bytes.`;
  return reply.code(statusCode).send({ id: 'bad_request', message });
}
