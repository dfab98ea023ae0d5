import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticateEither, authenticateToken, basicCredentials, tokenOf } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Platform } from '../lifecycle/index.ts';
import type { Account } from '../model/account.ts';
import type { Authorization } from '../model/authorization.ts';
import type { Endpoint } from './endpoint-table.ts';
import type { RateLimit } from './rate-limit.ts';
import { requireScope } from './require-scope.ts';

export interface Admitted {
  readonly account: Account;
  /** Null: a password. */
  readonly authorization: Authorization | null;
}

const freePath = '/account/rate-limits';

/**
 * Decides from the head of a request, before its body is read, whether it is listened to: a valid token, requests left,
 * the right version, the scope, the operator. Null for an endpoint without an account.
 */
export async function admitCall(
  request: FastifyRequest,
  reply: FastifyReply,
  endpoint: Endpoint | null,
  platform: Platform,
  rate: RateLimit,
): Promise<Admitted | null> {
  const access = endpoint?.route?.access;
  if (access?.is === 'public') return null;
  const acceptsPassword = access !== undefined && access.is !== 'app' && access.acceptsPassword;
  const admitted = await authenticateRequest(request, platform, acceptsPassword);
  countRequest(admitted.account, endpoint, reply, rate);
  // That there is no such thing is true in every version.
  if (endpoint === null) return admitted;
  requireVersion(request.headers.accept);
  if (access === undefined) return admitted;
  requireScope(admitted.authorization, access.scope, endpoint.method);
  if (access.is === 'operator' && !admitted.account.isOperator) {
    throw new PlatformError(
      'forbidden',
      "Only the platform's operator may do this: the account that HOKKU_API_KEY opens.",
    );
  }
  return admitted;
}

async function authenticateRequest(
  request: FastifyRequest,
  platform: Platform,
  acceptsPassword: boolean,
): Promise<Admitted> {
  const { authorization: header } = request.headers;
  const token = tokenOf(header);
  const basic = acceptsPassword ? basicCredentials(header) : null;
  if (basic !== null && basic.user !== '' && basic.password !== '') {
    const { user: email, password } = basic;
    const admitted = await authenticateEither(platform, { email, password, address: request.ip });
    if (admitted !== null) return admitted;
  } else if (token !== null) {
    const caller = await authenticateToken(platform, token, request.ip);
    if (caller !== null) return caller;
  }
  throw new PlatformError('unauthorized', 'Invalid credentials provided.');
}

function countRequest(account: Account, endpoint: Endpoint | null, reply: FastifyReply, rate: RateLimit): void {
  const isFree = endpoint?.path === freePath;
  const granted = isFree || rate.take(account.id);
  reply.header('ratelimit-remaining', rate.remaining(account.id));
  if (granted) return;
  const seconds = rate.waitSeconds(account.id);
  reply.header('retry-after', seconds);
  throw new PlatformError(
    'rate_limit',
    `Your account reached the API rate limit. Please wait ${seconds} seconds before making new requests.`,
  );
}

const version3 = /application\/vnd\.heroku\+json\s*;\s*version\s*=\s*"?3(\.[\w.-]+)?"?\s*([,;]|$)/i;

/** Any variant of 3 is 3. Source: https://devcenter.heroku.com/articles/platform-api-reference#accept-header */
function requireVersion(accept: string | undefined): void {
  if (accept !== undefined && version3.test(accept)) return;
  throw new PlatformError(
    'not_acceptable',
    'The request must say which version of the API it wants, and only version 3 is served. Send the header "Accept: application/vnd.heroku+json; version=3".',
  );
}
