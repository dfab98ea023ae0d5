import { hashPassword, parsePassword, verifyPassword } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import type { AccountId } from '../model/ids.ts';
import type { ApiCall } from './api-call.ts';
import { objectBody, stringField } from './body.ts';
import { withAccount, type Routes } from './route.ts';
import { timestamp } from './timestamp.ts';

/** The account itself, and what an account could have elsewhere and has not here. */
export const accountRoutes: Routes = {
  'GET /account': withAccount(({ account }) => serializeAccount(account), { reach: 'identity' }),
  'PATCH /account': withAccount(updateAccount),
  'DELETE /account': withAccount(deleteAccount),
  'GET /account/rate-limits': withAccount(
    ({ reply }) => ({ remaining: Number(reply.getHeader('ratelimit-remaining')) }),
    {
      reach: 'identity',
    },
  ),
  'GET /users/:user': withAccount(
    async (call) => serializeAccount((await findForOperator(call)) ?? requireSelf(call)),
    { reach: 'identity' },
  ),
  'PATCH /users/:user': withAccount((call) => {
    requireSelf(call);
    return updateAccount(call);
  }),
  'DELETE /users/:user': withAccount((call) => {
    requireSelf(call);
    return deleteAccount(call);
  }),
  'GET /users/:user/preferences': withAccount(
    (call) => {
      requireSelf(call);
      return noPreferences;
    },
    { reach: 'identity' },
  ),
  'GET /account/features': withAccount(() => [], { reach: 'identity' }),
  'GET /account/features/:feature': withAccount(unknownFeature, { reach: 'identity' }),
  'PATCH /account/features/:feature': withAccount(unknownFeature),
};

/** Of Heroku's Dashboard. */
const noPreferences = {
  timezone: null,
  'default-organization': null,
  'dismissed-github-banner': null,
  'dismissed-getting-started': null,
  'dismissed-org-access-controls': null,
  'dismissed-org-wizard-notification': null,
  'dismissed-pipelines-banner': null,
  'dismissed-pipelines-github-banner': null,
  'dismissed-pipelines-github-banners': null,
  'dismissed-sms-banner': null,
};

/** There is none that is an account's and not an app's. */
function unknownFeature(): never {
  throw new PlatformError('not_found', "Couldn't find that feature.", { resource: 'feature' });
}

/** `~` is whoever asks; nobody reads another's account. */
export function requireSelf(call: ApiCall): Account {
  const user = call.param('user');
  if (user !== '~' && user !== call.account.id && user !== call.account.email) {
    throw new PlatformError('not_found', "Couldn't find that user.", { resource: 'user' });
  }
  return call.account;
}

/** The operator may look up everybody, and so may name whom a pipeline is to be transferred to. */
async function findForOperator(call: ApiCall): Promise<Account | null> {
  if (!call.account.isOperator) return null;
  const user = call.param('user');
  const { accounts } = call.platform.store;
  return user.includes('@') ? accounts.findByEmail(user) : accounts.findById(user as AccountId);
}

/** Our own fields `new_password` and, if there is one already, `password`. */
async function updateAccount(call: ApiCall): Promise<unknown> {
  const { accounts } = call.platform.store;
  const body = objectBody(call.body);
  const name = stringField(body, 'name', 200);
  const newPassword = stringField(body, 'new_password');
  if (newPassword !== undefined) {
    const stored = await accounts.readPasswordHash(call.account.id);
    if (stored !== null && !(await isPresentPassword(call, stringField(body, 'password') ?? '', stored))) {
      throw new PlatformError('forbidden', 'The present password, given as `password`, is wrong.');
    }
  }
  const passwordHash = newPassword === undefined ? undefined : await hashPassword(parsePassword(newPassword));
  const changed = await accounts.update(call.account.id, {
    ...(name === undefined ? {} : { name: name === '' ? null : name }),
    ...(passwordHash === undefined ? {} : { passwordHash }),
  });
  return serializeAccount(changed);
}

/** Whoever has a token is not to find out the password with it, from however many addresses. Throws `rate_limit`. */
async function isPresentPassword({ account, platform }: ApiCall, password: string, stored: string): Promise<boolean> {
  const guess = { address: `token of ${account.id}`, secret: password, account: account.email };
  return (await platform.guesses.attempt(guess, async () => (await verifyPassword(password, stored)) || null)) !== null;
}

/** For good, with its tokens, keys and clients; refused while apps are its own. */
async function deleteAccount({ account, platform }: ApiCall): Promise<unknown> {
  if (account.isOperator) {
    throw new PlatformError(
      'invalid_params',
      "The operator's account can't be deleted: the platform makes it at each start.",
    );
  }
  await platform.store.accounts.delete(account.id);
  return serializeAccount(account);
}

export function serializeAccount(account: Account): Readonly<Record<string, unknown>> {
  return {
    id: account.id,
    email: account.email,
    name: account.name,
    allow_tracking: false,
    beta: false,
    verified: true,
    federated: false,
    identity_provider: null,
    country_of_residence: null,
    default_organization: null,
    default_team: null,
    delinquent_at: null,
    suspended_at: account.suspendedAt === null ? null : timestamp(account.suspendedAt),
    eco_dynos_enabled: false,
    eco_dynos_shutdown_at: null,
    pipeline_cost_consent_at: null,
    acknowledged_msa: false,
    acknowledged_msa_at: null,
    italian_customer_terms: null,
    italian_partner_terms: null,
    last_login: null,
    sms_number: null,
    two_factor_authentication: false,
    mfa_enabled: false,
    mfa_exemption: false,
    mfa_exemption_reason: null,
    mfa_experience: 'legacy',
    created_at: timestamp(account.createdAt),
    updated_at: timestamp(account.updatedAt),
  };
}
