import type { Scope } from '../model/authorization.ts';

/** What a request touches. `everything`: the account, its authorizations, and whatever has no scope of its own. */
export type Reach = 'identity' | 'apps' | 'config-vars' | 'everything';

const enough: Readonly<Record<Reach, { readonly read: readonly Scope[]; readonly write: readonly Scope[] }>> = {
  identity: { read: ['identity', 'read', 'write', 'read-protected', 'write-protected'], write: [] },
  apps: { read: ['read', 'write', 'read-protected', 'write-protected'], write: ['write', 'write-protected'] },
  'config-vars': { read: ['read-protected', 'write-protected'], write: ['write-protected'] },
  everything: { read: [], write: [] },
};

/** The scopes of which one is needed; `global` always will do. Source: https://devcenter.heroku.com/articles/oauth#scopes */
export function neededScopes(reach: Reach, does: 'read' | 'write'): readonly Scope[] {
  return ['global', ...enough[reach][does]];
}

export function scopesAllow(scopes: readonly Scope[], reach: Reach, does: 'read' | 'write'): boolean {
  return neededScopes(reach, does).some((scope) => scopes.includes(scope));
}
