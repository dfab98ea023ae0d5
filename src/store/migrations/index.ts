import type { Kysely, Migration } from 'kysely';
import type { ColumnTypes } from '../dialects/database.ts';
import { createTables } from './0001-create-tables.ts';
import { addAccess } from './0002-add-access.ts';
import { addDeploys } from './0006-add-deploys.ts';
import { addDomains } from './0007-add-domains.ts';
import { addAccountThings } from './0009-add-account-things.ts';
import { addPipelines } from './0010-add-pipelines.ts';
import { addAudit } from './0011-add-audit.ts';
import { addSecretKeys } from './0012-secret-keys.ts';
import { addNotices } from './0013-notices.ts';
import { addManagedCertificates } from './0014-managed-certificates.ts';
import { addSuspendedAccounts } from './0015-suspended-accounts.ts';
import { createLogDrains } from './0004-log-drains.ts';
import { createWebhooks } from './0005-webhooks.ts';

/**
 * Every change of the schema, in order; names are never changed or reused, because databases remember them. A migration
 * knows nothing of the present schema.ts: it must do the same for ever.
 */
export function migrations(types: ColumnTypes): Record<string, Migration> {
  const step = (up: (db: Kysely<unknown>, types: ColumnTypes) => Promise<void>): Migration => ({
    up: (db: Kysely<unknown>) => up(db, types),
  });
  return {
    '0001-create-tables': step(createTables),
    '0002-add-access': step(addAccess),
    '0006-add-deploys': step(addDeploys),
    '0004-log-drains': step(createLogDrains),
    '0005-webhooks': step(createWebhooks),
    '0007-add-domains': step(addDomains),
    '0009-add-account-things': step(addAccountThings),
    '0010-add-pipelines': step(addPipelines),
    '0011-add-audit': step(addAudit),
    '0012-secret-keys': step(addSecretKeys),
    '0013-notices': step(addNotices),
    '0014-managed-certificates': step(addManagedCertificates),
    '0015-suspended-accounts': step(addSuspendedAccounts),
  };
}
