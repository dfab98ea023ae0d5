import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Platform } from '../lifecycle/index.ts';
import type { Account, Actor } from '../model/account.ts';
import type { Authorization } from '../model/authorization.ts';

/** One request of the Platform API, of anybody. */
export interface OpenCall {
  readonly platform: Platform;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Parsed JSON; undefined when there was none. It has the form that the published schema asks for. */
  readonly body: unknown;
  /** A part of the path by its name in the route, decoded. */
  param(name: string): string;
  /** The first value of a query parameter. */
  query(name: string): string | undefined;
  /** A text that the official CLI shows as a warning. */
  warn(text: string): void;
}

/** One authenticated request. */
export interface ApiCall extends OpenCall {
  readonly account: Account;
  readonly actor: Actor;
  /** The token's; null when it was a password. */
  readonly authorization: Authorization | null;
}
