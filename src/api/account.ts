import { PlatformError } from '../errors/platform-error.ts';
import type { ApiCall } from './api-call.ts';
import { withAccount, type Routes } from './route.ts';
import { timestamp } from './timestamp.ts';

/** The account itself, and what an account could have elsewhere and has not here. */
export const accountRoutes: Routes = {
  'GET /account': withAccount((call) => serializeAccount(call), { reach: 'identity' }),
  'GET /users/:user': withAccount(
    (call) => {
      requireSelf(call);
      return serializeAccount(call);
    },
    { reach: 'identity' },
  ),
  'GET /account/features': withAccount(() => [], { reach: 'identity' }),
  'GET /account/features/:feature': withAccount(
    () => {
      throw new PlatformError('not_found', "Couldn't find that feature.", { resource: 'feature' });
    },
    { reach: 'identity' },
  ),
  'GET /account/keys': withAccount(() => [], { reach: 'identity' }),
  'GET /teams': withAccount(() => [], { reach: 'identity' }),
  'GET /teams/:team': withAccount(
    () => {
      throw new PlatformError('not_found', "Couldn't find that team.", { resource: 'team' });
    },
    { reach: 'identity' },
  ),
  'GET /spaces': withAccount(() => [], { reach: 'identity' }),
  'GET /pipelines': withAccount(() => [], { reach: 'identity' }),
};

/** `~` is whoever asks; nobody reads another's account. */
export function requireSelf(call: ApiCall): void {
  const user = call.param('user');
  if (user !== '~' && user !== call.account.id && user !== call.account.email) {
    throw new PlatformError('not_found', "Couldn't find that user.", { resource: 'user' });
  }
}

function serializeAccount({ account }: ApiCall): unknown {
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
    suspended_at: null,
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
