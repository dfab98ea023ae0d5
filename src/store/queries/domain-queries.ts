import { randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AcmStatus } from '../../model/acm.ts';
import type { Domain } from '../../model/domain.ts';
import type { AccountId, AppId, DomainId, SniEndpointId } from '../../model/ids.ts';
import { fromTime, toTime } from '../codecs.ts';
import type { DomainQueries, OwnedDomain } from '../domain-store.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';

export function domainQueries({ read, write }: Handle): DomainQueries {
  return {
    create: (domain) => write((db) => create(db, domain)),
    list: async (appId) => {
      const rows = await domains(read)
        .where('domains.app_id', '=', appId)
        .orderBy('domains.created_at')
        .orderBy('domains.id')
        .execute();
      return rows.map(toDomain);
    },
    findByHostname: async (hostname) => {
      const row = await owned(read).where('domains.hostname', '=', hostname).executeTakeFirst();
      return row === undefined ? null : toOwned(row);
    },
    listUnder: async (suffix) => {
      // LIKE would take an underscore in the suffix for any character; what it finds too much is dropped.
      const rows = await owned(read).where('domains.hostname', 'like', `%${suffix}`).execute();
      return rows.filter((row) => row.hostname.endsWith(suffix)).map(toOwned);
    },
    setSniEndpoint: (id, sniEndpointId) =>
      write(async (db) => {
        await db
          .updateTable('domains')
          .set({ sni_endpoint_id: sniEndpointId, updated_at: toTime(new Date()) })
          .where('id', '=', id)
          .execute();
        const row = await domains(db).where('domains.id', '=', id).executeTakeFirst();
        if (row !== undefined) return toDomain(row);
        throw new PlatformError('not_found', "Couldn't find that domain name.", { resource: 'domain' });
      }),
    delete: (id) =>
      write(async (db) => {
        const { numDeletedRows } = await db.deleteFrom('domains').where('id', '=', id).executeTakeFirstOrThrow();
        return numDeletedRows === 1n;
      }),
  };
}

async function create(db: Transaction<Schema>, domain: Parameters<DomainQueries['create']>[0]): Promise<Domain> {
  const app = await db.selectFrom('apps').select('id').where('id', '=', domain.appId).executeTakeFirst();
  if (app === undefined) throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
  const taken = await db.selectFrom('domains').select('id').where('hostname', '=', domain.hostname).executeTakeFirst();
  if (taken !== undefined) throw new PlatformError('invalid_params', `${domain.hostname} is already in use.`);
  const now = toTime(new Date());
  const row = {
    id: randomUUID(),
    app_id: domain.appId,
    hostname: domain.hostname,
    sni_endpoint_id: domain.sniEndpointId,
    created_at: now,
    updated_at: now,
  };
  await db.insertInto('domains').values(row).execute();
  return toDomain(await domains(db).where('domains.id', '=', row.id).executeTakeFirstOrThrow());
}

function domains(db: Kysely<Schema>) {
  return db
    .selectFrom('domains')
    .leftJoin('sni_endpoints', 'sni_endpoints.id', 'domains.sni_endpoint_id')
    .leftJoin('acm_orders', 'acm_orders.domain_id', 'domains.id')
    .selectAll('domains')
    .select(['sni_endpoints.name as sni_endpoint_name', 'sni_endpoints.acm as sni_endpoint_acm'])
    .select(['acm_orders.status as acm_status', 'acm_orders.reason as acm_reason'])
    .select('acm_orders.updated_at as acm_updated_at');
}

function owned(db: Kysely<Schema>) {
  return db
    .selectFrom('domains')
    .innerJoin('apps', 'apps.id', 'domains.app_id')
    .select(['domains.hostname as hostname', 'domains.app_id as app_id', 'apps.owner_id as owner_id']);
}

function toOwned(row: { hostname: string; app_id: string; owner_id: string }): OwnedDomain {
  return { hostname: row.hostname, appId: row.app_id as AppId, ownerId: row.owner_id as AccountId };
}

interface JoinedRow extends DomainRow {
  readonly sni_endpoint_name: string | null;
  readonly sni_endpoint_acm: number | null;
  readonly acm_status: string | null;
  readonly acm_reason: string | null;
  readonly acm_updated_at: string | null;
}

type DomainRow = Schema['domains'];

function toDomain(row: JoinedRow): Domain {
  const { sni_endpoint_id: endpointId, sni_endpoint_name: name, acm_status: status, acm_updated_at: acmAt } = row;
  // A certificate of the owner's wins; what was ordered before is no news then.
  const isOwners = row.sni_endpoint_acm === 0;
  return {
    id: row.id as DomainId,
    appId: row.app_id as AppId,
    hostname: row.hostname,
    sniEndpoint: endpointId === null || name === null ? null : { id: endpointId as SniEndpointId, name },
    acm: status === null || isOwners ? null : { status: status as AcmStatus, reason: row.acm_reason },
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(acmAt !== null && acmAt > row.updated_at ? acmAt : row.updated_at),
  };
}
