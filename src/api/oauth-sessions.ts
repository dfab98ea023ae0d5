import { PlatformError } from '../errors/platform-error.ts';
import type { Authorization } from '../model/authorization.ts';
import type { ApiCall } from './api-call.ts';
import { withAccount, type Routes } from './route.ts';
import { serializeAccessToken, sessionId } from './serialize-authorization.ts';
import { timestamp } from './timestamp.ts';

/** The account's logins through a browser. Each is an authorization too; the official CLI ends its own when it logs out. */
export const oauthSessionRoutes: Routes = {
  'GET /oauth/sessions': withAccount(async (call) => (await sessionsOf(call)).map(serialize)),
  'DELETE /oauth/sessions/:session': withAccount(async (call) => {
    const which = call.param('session').toLowerCase();
    // `~` is the one that asks.
    const session = (await sessionsOf(call)).find((each) =>
      which === '~' ? each.id === call.authorization?.id : sessionId(each) === which,
    );
    if (session === undefined)
      throw new PlatformError('not_found', "Couldn't find that session.", { resource: 'session' });
    await call.platform.store.authorizations.revoke(session.id);
    return serialize(session);
  }),
};

async function sessionsOf({ account, platform }: ApiCall): Promise<readonly Authorization[]> {
  return (await platform.store.authorizations.list(account.id)).filter(({ isSession }) => isSession);
}

function serialize(session: Authorization): unknown {
  return {
    id: sessionId(session),
    description: session.description,
    expires_in: serializeAccessToken(session).expires_in,
    created_at: timestamp(session.createdAt),
    updated_at: timestamp(session.updatedAt),
  };
}
