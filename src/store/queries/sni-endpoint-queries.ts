import { PlatformError } from '../../errors/platform-error.ts';
import type { SniEndpoint } from '../../model/domain.ts';
import type { AppId, SniEndpointId } from '../../model/ids.ts';
import { fromFlag, fromTime, toFlag, toTime } from '../codecs.ts';
import type { SniEndpointQueries } from '../domain-store.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';

export function sniEndpointQueries({ read, write }: Handle): SniEndpointQueries {
  return {
    create: (endpoint) =>
      write(async (db) => {
        const app = await db.selectFrom('apps').select('id').where('id', '=', endpoint.appId).executeTakeFirst();
        if (app === undefined) throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
        const now = toTime(new Date());
        const row = {
          id: endpoint.id,
          app_id: endpoint.appId,
          name: endpoint.name,
          certificate_chain: endpoint.certificateChain,
          private_key: endpoint.sealedKey,
          acm: toFlag(endpoint.acm),
          created_at: now,
          updated_at: now,
        };
        await db.insertInto('sni_endpoints').values(row).execute();
        return toSniEndpoint(row);
      }),
    list: async (appId) => {
      const rows = await read
        .selectFrom('sni_endpoints')
        .selectAll()
        .where('app_id', '=', appId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toSniEndpoint);
    },
    update: (id, { certificateChain, sealedKey, acm }) =>
      write(async (db) => {
        const row = await db
          .updateTable('sni_endpoints')
          .set({
            certificate_chain: certificateChain,
            private_key: sealedKey,
            acm: toFlag(acm),
            updated_at: toTime(new Date()),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (row !== undefined) return toSniEndpoint(row);
        throw new PlatformError('not_found', "Couldn't find that SNI endpoint.", { resource: 'sni_endpoint' });
      }),
    delete: (id) =>
      write(async (db) => {
        const { numDeletedRows } = await db.deleteFrom('sni_endpoints').where('id', '=', id).executeTakeFirstOrThrow();
        return numDeletedRows === 1n;
      }),
  };
}

function toSniEndpoint(row: Schema['sni_endpoints']): SniEndpoint {
  return {
    id: row.id as SniEndpointId,
    appId: row.app_id as AppId,
    name: row.name,
    certificateChain: row.certificate_chain,
    sealedKey: row.private_key,
    acm: fromFlag(row.acm),
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
