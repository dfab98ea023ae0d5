import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import pg from 'pg';
import type { StatefulThing } from '../../../src/model/state-machines.ts';

export interface StateRow {
  readonly thing: StatefulThing | 'app';
  readonly id: string;
  readonly state: string;
  readonly app_id: string;
}

/** What the store of a running platform says of all things that have states. */
export interface StateSource extends AsyncDisposable {
  /** Null: nothing has been written since the last look. */
  read(): Promise<readonly StateRow[] | null>;
}

const tables: Readonly<Record<StatefulThing, readonly [table: string, state: string, app: string]>> = {
  build: ['builds', 'status', 'app_id'],
  release: ['releases', 'status', 'app_id'],
  dyno: ['dynos', 'state', 'app_id'],
  appSetup: ['app_setups', 'status', 'app_id'],
  pipelinePromotion: ['pipeline_promotions', 'status', 'source_app_id'],
  promotionTarget: ['promotion_targets', 'status', 'app_id'],
  webhookDelivery: ['webhook_deliveries', 'status', 'app_id'],
  appTransfer: ['app_transfers', 'state', 'app_id'],
};

const query = [
  `select 'app' as thing, id, '' as state, id as app_id from apps`,
  ...Object.entries(tables).map(
    ([thing, [table, state, app]]) => `select '${thing}', id, ${state}, ${app} from ${table}`,
  ),
].join(' union all ');

/** A second, read-only connection to the platform's file. */
export function sqliteStates(dataDir: string): StateSource {
  const db = new SqliteDatabase(join(dataDir, 'platform.sqlite'), { readonly: true, timeout: 0 });
  const rows = db.prepare(query);
  let version: unknown = null;
  return {
    // Errors are thrown at once: the caller is in the same turn.
    read: () => {
      const now = db.pragma('data_version', { simple: true });
      if (now === version) return Promise.resolve(null);
      const found = rows.all() as StateRow[];
      version = now;
      return Promise.resolve(found);
    },
    [Symbol.asyncDispose]: () => {
      db.close();
      return Promise.resolve();
    },
  };
}

/** A connection of its own, under a name that tells it from the platform's. */
export async function postgresStates(url: string): Promise<StateSource> {
  const client = new pg.Client({ connectionString: url, application_name: 'observer' });
  await client.connect();
  return {
    read: async () => (await client.query<StateRow>(query)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  };
}
