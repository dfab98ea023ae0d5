import type { FastifyRequest } from 'fastify';
import { tokenOf } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { ReceiverDeps } from './deps.ts';
import { PlainTextError, unauthorizedLines } from './plain-text.ts';

export interface Access {
  readonly account: Account;
  readonly app: App;
  /** IP address of the client. */
  readonly address: string;
}

/** Who asks, then for what: nothing about an app, its existence included, is told to strangers. */
export async function authorize(request: FastifyRequest, deps: ReceiverDeps): Promise<Access> {
  const token = tokenOf(request.headers.authorization);
  const account = token === null ? null : await authenticate(token, request.ip, deps);
  if (account === null) throw new PlainTextError(401, unauthorizedLines);

  const { app: name } = request.params as { app: string };
  const noSuchApp = new PlainTextError(404, [`No such app as ${/^[a-z0-9-]{1,30}$/.test(name) ? name : 'that'}.`]);
  if (!/^[a-z0-9-]{1,30}$/.test(name)) throw noSuchApp;
  try {
    const app = await deps.findApp(account, name);
    if (app === null) throw noSuchApp;
    return { account, app, address: request.ip };
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (error.id === 'not_found') throw noSuchApp;
    if (error.id === 'forbidden' || error.id === 'suspended') throw new PlainTextError(403, [error.message]);
    throw error;
  }
}

async function authenticate(token: string, address: string, deps: ReceiverDeps): Promise<Account | null> {
  try {
    return await deps.authenticate(token, address);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (error.id === 'suspended') throw new PlainTextError(403, [error.message]);
    if (error.id !== 'rate_limit') throw error;
    throw new PlainTextError(429, [error.message], error.retryAfterSeconds);
  }
}
