import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import ssh2 from 'ssh2';
import { authenticate, basicCredentials } from '../account/index.ts';
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
  if (dyno?.state !== 'up') throw new PlatformError('not_found', `There is no dyno ${name.slice(0, 100)} that is up.`);
  const { client_key: sent } = (request.body ?? {}) as { client_key?: unknown };
  const key = typeof sent === 'string' ? ssh2.utils.parseKey(sent.trim()) : null;
  if (key === null || key instanceof Error || Array.isArray(key)) {
    throw new PlatformError('invalid_params', 'client_key must be a public key as OpenSSH writes it.');
  }
  const { account, authorization } = caller;
  const owner = { accountId: account.id, authorizationId: authorization.id };
  return {
    tunnel_host: request.hostname,
    client_user: reservations.add({ appId: app.id, dyno: dyno.name, ...owner, key }),
    proxy_public_key: (await hostKey()).public,
    dyno_ip: '127.0.0.1',
  };
}

async function admit(request: FastifyRequest, { store }: Platform): Promise<{ app: App; caller: Caller }> {
  const credentials = basicCredentials(request.headers.authorization);
  const caller = credentials === null ? null : await authenticate(store, credentials.password);
  if (credentials === null || caller === null) {
    throw new PlatformError('unauthorized', 'Invalid credentials provided.');
  }
  return { app: await authorizeExec(store, caller, credentials.user), caller };
}

const statusOf: Readonly<Partial<Record<string, number>>> = { unauthorized: 401, forbidden: 403, not_found: 404 };

function sendExecError(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof PlatformError) {
    return reply.code(statusOf[error.id] ?? 422).send({ id: error.id, message: error.message });
  }
  const { statusCode = 500 } = error as { statusCode?: number };
  if (statusCode >= 500) throw error;
  return reply.code(statusCode).send({ id: 'bad_request', message: 'The request is malformed.' });
}
