import type { Kysely } from 'kysely';
import type { AcmOrder, AcmStatus, ManagedDomain } from '../../model/acm.ts';
import type { AppId, DomainId, SniEndpointId } from '../../model/ids.ts';
import type { AcmQueries } from '../acm-store.ts';
import { fromTime, fromTimeOrNull, toTime, toTimeOrNull } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';

export function acmQueries({ read, write }: Handle): AcmQueries {
  return {
    listWanted: async () => (await wanted(read).orderBy('domains.created_at').execute()).map(toManagedDomain),
    findWanted: async (id) => {
      const row = await wanted(read).where('domains.id', '=', id).executeTakeFirst();
      return row === undefined ? null : toManagedDomain(row);
    },
    save: (id, order) =>
      write(async (db) => {
        const values = {
          status: order.status,
          reason: order.reason,
          order_url: order.orderUrl,
          private_key: order.sealedKey,
          attempts: order.attempts,
          next_at: toTimeOrNull(order.nextAt),
          updated_at: toTime(new Date()),
        };
        await db
          .insertInto('acm_orders')
          .values({ domain_id: id, ...values })
          .onConflict((conflict) => conflict.column('domain_id').doUpdateSet(values))
          .execute();
      }),
    clear: (appId) =>
      write(async (db) => {
        const ofApp = db.selectFrom('domains').select('id').where('app_id', '=', appId);
        await db.deleteFrom('acm_orders').where('domain_id', 'in', ofApp).execute();
      }),
    findAccount: async (directory) => {
      const row = await read
        .selectFrom('acm_accounts')
        .select('private_key')
        .where('directory', '=', directory)
        .executeTakeFirst();
      return row?.private_key ?? null;
    },
    createAccount: (directory, sealedKey) =>
      write(async (db) => {
        const row = { directory, private_key: sealedKey, created_at: toTime(new Date()) };
        await db.insertInto('acm_accounts').values(row).execute();
      }),
  };
}

function wanted(db: Kysely<Schema>) {
  return db
    .selectFrom('domains')
    .innerJoin('apps', 'apps.id', 'domains.app_id')
    .leftJoin('sni_endpoints', 'sni_endpoints.id', 'domains.sni_endpoint_id')
    .leftJoin('acm_orders', 'acm_orders.domain_id', 'domains.id')
    .where('apps.acm', '=', 1)
    .where((eb) => eb.or([eb('domains.sni_endpoint_id', 'is', null), eb('sni_endpoints.acm', '=', 1)]))
    .select(['domains.id', 'domains.app_id', 'domains.hostname', 'domains.sni_endpoint_id'])
    .select(['acm_orders.status', 'acm_orders.reason', 'acm_orders.order_url', 'acm_orders.private_key'])
    .select(['acm_orders.attempts', 'acm_orders.next_at', 'acm_orders.updated_at']);
}

type WantedRow = Awaited<ReturnType<ReturnType<typeof wanted>['executeTakeFirstOrThrow']>>;

function toManagedDomain(row: WantedRow): ManagedDomain {
  return {
    id: row.id as DomainId,
    appId: row.app_id as AppId,
    hostname: row.hostname,
    sniEndpointId: row.sni_endpoint_id as SniEndpointId | null,
    order: toOrder(row),
  };
}

function toOrder({ status, attempts, updated_at: updatedAt, ...row }: WantedRow): AcmOrder | null {
  if (status === null || attempts === null || updatedAt === null) return null;
  return {
    status: status as AcmStatus,
    reason: row.reason,
    orderUrl: row.order_url,
    sealedKey: row.private_key,
    attempts,
    nextAt: fromTimeOrNull(row.next_at),
    updatedAt: fromTime(updatedAt),
  };
}
