import type { Reach } from '../account/index.ts';
import type { AppNeed } from '../app/index.ts';
import type { App } from '../model/app.ts';
import type { AppPermission } from '../model/collaborator.ts';
import type { ApiCall, OpenCall } from './api-call.ts';

/** What it returns is sent as JSON, with 200 unless it has set another status. */
type Handler<Call, Rest extends readonly unknown[] = []> = (call: Call, ...rest: Rest) => unknown;

/** Who may call an endpoint, and with a token of which scope. The one wrapper in answer-call.ts sees to it. */
export type Access =
  | { readonly is: 'public' }
  | { readonly is: 'account' | 'operator'; readonly scope: ScopeNeed; readonly acceptsPassword: boolean }
  | { readonly is: 'app'; readonly need: AppNeed; readonly scope: ScopeNeed };

export interface ScopeNeed {
  readonly reach: Reach;
  /** Undefined: GET reads, everything else writes. */
  readonly does?: 'read' | 'write';
}

export type Route = (
  | { readonly access: Access & { is: 'public' }; readonly handler: Handler<OpenCall> }
  | { readonly access: Access & { is: 'account' | 'operator' }; readonly handler: Handler<ApiCall> }
  | { readonly access: Access & { is: 'app' }; readonly handler: Handler<ApiCall, [app: App]> }
) & {
  /** False: whatever is sent, the answer does not depend on it. */
  readonly checksBody?: boolean;
};

/** `GET /apps/:app` -> who may call it, and what answers. */
export type Routes = Readonly<Record<string, Route>>;

/** Without a token: anybody who reaches the platform. */
export function withNobody(handler: Handler<OpenCall>): Route {
  return { access: { is: 'public' }, handler };
}

/**
 * Any account. By default the token needs the scope `global`; `identity` is for what every token may read, `apps` and
 * `config-vars` for lists across apps. `acceptsPassword`: Basic with e-mail and password will do too.
 */
export function withAccount(
  handler: Handler<ApiCall>,
  options: Partial<ScopeNeed> & { readonly acceptsPassword?: boolean } = {},
): Route {
  const { acceptsPassword = false, reach = 'everything', ...does } = options;
  return { access: { is: 'account', scope: { reach, ...does }, acceptsPassword }, handler };
}

/** The first account, with a token of scope `global`. */
export function withOperator(handler: Handler<ApiCall>): Route {
  return { access: { is: 'operator', scope: { reach: 'everything' }, acceptsPassword: false }, handler };
}

/**
 * Below `/apps/:app`: the app by name or id, if the account may do this with it. One of the permissions is enough; the
 * owner and the operator have all. `config-vars` as reach asks for a protected scope.
 */
export function withApp(
  need: AppPermission | AppNeed,
  handler: Handler<ApiCall, [app: App]>,
  scope: Partial<ScopeNeed> = {},
): Route {
  const list = need === 'owner' || typeof need !== 'string' ? need : [need];
  return { access: { is: 'app', need: list, scope: { reach: 'apps', ...scope } }, handler };
}
