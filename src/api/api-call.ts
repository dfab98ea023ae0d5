import type { FastifyReply, FastifyRequest } from 'fastify';
import { authorizeApp } from '../app/index.ts';
import type { Platform } from '../lifecycle/index.ts';
import type { Account, Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';

/** One authenticated request of the Platform API. */
export interface ApiCall {
  readonly platform: Platform;
  readonly account: Account;
  readonly actor: Actor;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown;
  /** A part of the path, decoded. */
  param(name: string): string;
  /** A text that the official CLI shows as a warning. */
  warn(text: string): void;
}

/** What it returns is sent as JSON, with 200 unless it has set another status. */
export type Handler = (call: ApiCall) => unknown;

/** `GET /apps/:app` -> what answers it. */
export type Routes = Readonly<Record<string, Handler>>;

/** Every route below `/apps/:app`: the app by name or id, if the account may see it. */
export function withApp(handler: (call: ApiCall, app: App) => unknown): Handler {
  return async (call) => handler(call, await authorizeApp(call.platform.store, call.account, call.param('app')));
}

export function apiCall(platform: Platform, account: Account, request: FastifyRequest, reply: FastifyReply): ApiCall {
  const params = request.params as Readonly<Record<string, string>>;
  return {
    platform,
    account,
    actor: { accountId: account.id, email: account.email },
    request,
    reply,
    body: request.body,
    param: (name) => params[name] ?? '',
    warn: (text) => {
      reply.header('x-heroku-warning', text.replace(/[^\x20-\x7e]/g, '?'));
    },
  };
}
