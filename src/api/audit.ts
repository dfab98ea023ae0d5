import { PlatformError } from '../errors/platform-error.ts';
import type { AuditEntry } from '../model/audit.ts';
import type { AppId } from '../model/ids.ts';
import type { ApiCall } from './api-call.ts';
import { withApp, withOperator, type Routes } from './route.ts';
import { timestamp } from './timestamp.ts';

const defaultMax = 100;
const largestMax = 10_000;

/** Our own: who changed what, the newest first. The operator sees all of it, who manages an app sees what happened to that. */
export const auditRoutes: Routes = {
  'GET /audit': withOperator(async (call) => list(call)),
  'GET /apps/:app/audit': withApp('manage', async (call, app) => list(call, app.id)),
};

async function list(call: ApiCall, appId?: AppId): Promise<unknown> {
  const max = maxOf(call.query('max'));
  const entries = await call.platform.store.audit.list({ max, ...(appId === undefined ? {} : { appId }) });
  return entries.map(serialize);
}

function maxOf(text: string | undefined): number {
  if (text === undefined) return defaultMax;
  const max = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (max >= 1 && max <= largestMax) return max;
  throw new PlatformError('invalid_params', `max must be a number from 1 to ${largestMax}.`);
}

function serialize({ number, at, accountId, email, via, address, action, appId, appName, detail }: AuditEntry) {
  return {
    id: number,
    action,
    actor: { id: accountId, email },
    address,
    app: appName === null ? null : { id: appId, name: appName },
    created_at: timestamp(at),
    detail,
    via,
  };
}
