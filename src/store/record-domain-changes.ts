import type { Domain, SniEndpoint } from '../model/domain.ts';
import type { AppId } from '../model/ids.ts';
import type { Changing, InTransaction } from './changing.ts';
import type { Queries } from './store.ts';

/** Heroku has no event for the update of a domain. Source: https://devcenter.heroku.com/articles/webhook-events */
export function domainChanges(changing: InTransaction): Pick<Queries['domains'], 'create' | 'delete'> {
  const include = 'api:domain';
  const find = async ({ db, queries }: Changing, id: string): Promise<Domain | undefined> => {
    const row = await db.selectFrom('domains').select('app_id').where('id', '=', id).executeTakeFirst();
    const all = row === undefined ? [] : await queries.domains.list(row.app_id as AppId);
    return all.find((domain) => domain.id === id);
  };
  return {
    create: (domain) =>
      changing(async ({ queries, note }) => {
        const current = await queries.domains.create(domain);
        await note({ appId: current.appId, include, action: 'create', current });
        return current;
      }),
    delete: (id) =>
      changing(async (tools) => {
        const current = await find(tools, id);
        const isGone = await tools.queries.domains.delete(id);
        if (current !== undefined) await tools.note({ appId: current.appId, include, action: 'destroy', current });
        return isGone;
      }),
  };
}

export function sniEndpointChanges(
  changing: InTransaction,
): Pick<Queries['sniEndpoints'], 'create' | 'update' | 'delete'> {
  const include = 'api:sni-endpoint';
  const find = async ({ db, queries }: Changing, id: string): Promise<SniEndpoint | undefined> => {
    const row = await db.selectFrom('sni_endpoints').select('app_id').where('id', '=', id).executeTakeFirst();
    const all = row === undefined ? [] : await queries.sniEndpoints.list(row.app_id as AppId);
    return all.find((endpoint) => endpoint.id === id);
  };
  return {
    create: (endpoint) =>
      changing(async ({ queries, note }) => {
        const current = await queries.sniEndpoints.create(endpoint);
        await note({ appId: current.appId, include, action: 'create', current: withoutKey(current) });
        return current;
      }),
    update: (id, change) =>
      changing(async (tools) => {
        const before = await find(tools, id);
        const current = await tools.queries.sniEndpoints.update(id, change);
        const previous = before === undefined ? {} : { previous: withoutKey(before) };
        const { appId } = current;
        await tools.note({ appId, include, action: 'update', current: withoutKey(current), ...previous });
        return current;
      }),
    delete: (id) =>
      changing(async (tools) => {
        const current = await find(tools, id);
        const isGone = await tools.queries.sniEndpoints.delete(id);
        if (current === undefined) return isGone;
        await tools.note({ appId: current.appId, include, action: 'destroy', current: withoutKey(current) });
        return isGone;
      }),
  };
}

/** Not even encrypted: it has no business in what others are told. */
function withoutKey({ sealedKey: _, ...rest }: SniEndpoint): object {
  return rest;
}
