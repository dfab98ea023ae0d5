import { neededScopes, scopesAllow } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Authorization } from '../model/authorization.ts';
import type { ScopeNeed } from './route.ts';

/** Throws `forbidden` when the token has no scope that will do. Null is a password, which may do everything. */
export function requireScope(authorization: Authorization | null, need: ScopeNeed, method: string): void {
  const does = need.does ?? (method === 'GET' ? 'read' : 'write');
  if (authorization === null || scopesAllow(authorization.scopes, need.reach, does)) return;
  throw new PlatformError(
    'forbidden',
    `The token has the scope ${authorization.scopes.join(', ')}, and this needs one of ${neededScopes(need.reach, does).join(', ')}. Make one with heroku authorizations:create --scope.`,
  );
}
