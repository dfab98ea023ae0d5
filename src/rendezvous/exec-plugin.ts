import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import ssh2 from 'ssh2';
import { authenticate, basicCredentials, scopesAllow } from '../account/index.ts';
import { authorizeApp } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Platform } from '../lifecycle/index.ts';
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
  const { app, actor } = await admit(request, platform);
  const { dyno: name } = request.params as { dyno: string };
  const dyno = platform.formation.list(app.id).find((one) => one.name === name);
  if (dyno?.state !== 'up') throw new PlatformError('not_found', `There is no dyno ${name.slice(0, 100)} that is up.`);
  const { client_key: sent } = (request.body ?? {}) as { client_key?: unknown };
  const key = typeof sent === 'string' ? ssh2.utils.parseKey(sent.trim()) : null;
  if (key === null || key instanceof Error || Array.isArray(key)) {
    throw new PlatformError('invalid_params', 'client_key must be a public key as OpenSSH writes it.');
  }
  return {
    tunnel_host: request.hostname,
    client_user: reservations.add({ app, dyno: dyno.name, actor, key }),
    proxy_public_key: (await hostKey()).public,
    dyno_ip: '127.0.0.1',
  };
}

/** The same as for a one-off dyno: what runs in a dyno sees the config vars. */
async function admit(request: FastifyRequest, { store }: Platform): Promise<{ app: App; actor: Actor }> {
  const credentials = basicCredentials(request.headers.authorization);
  const caller = credentials === null ? null : await authenticate(store, credentials.password);
  if (credentials === null || caller === null) {
    throw new PlatformError('unauthorized', 'Invalid credentials provided.');
  }
  const { account, authorization } = caller;
  if (!scopesAllow(authorization.scopes, 'config-vars', 'write')) {
    throw new PlatformError('forbidden', `The token has the scope ${authorization.scopes.join(', ')} only.`);
  }
  const app = await authorizeApp(store, account, credentials.user, ['operate']);
  return { app, actor: { accountId: account.id, email: account.email } };
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
