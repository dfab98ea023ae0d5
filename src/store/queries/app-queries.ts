import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable, Transaction, Updateable } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { App } from '../../model/app.ts';
import type { AccountId, AppId, AppName } from '../../model/ids.ts';
import {
  fromFlag,
  fromJson,
  fromTime,
  fromTimeOrNull,
  toFlag,
  toJson,
  toTextOrNull,
  toTime,
  sortByText,
} from '../codecs.ts';
import { nextNumber, type Handle } from '../handle.ts';
import type { AppTable, Schema } from '../schema.ts';
import type { AppQueries, NewApp } from '../store.ts';

export function appQueries({ read, write }: Handle): AppQueries {
  return {
    create: (app) => write((db) => create(db, app)),
    findById: async (id) => {
      const row = await apps(read).where('apps.id', '=', id).executeTakeFirst();
      return row === undefined ? null : toApp(row);
    },
    findByName: async (name) => {
      const row = await apps(read).where('apps.name', '=', name).executeTakeFirst();
      return row === undefined ? null : toApp(row);
    },
    listByOwner: async (ownerId) => {
      const rows = await apps(read).where('apps.owner_id', '=', ownerId).execute();
      return sortByText(rows, (row) => row.name).map(toApp);
    },
    listAccessible: async (accountId) => {
      const shared = read.selectFrom('collaborators').select('app_id').where('account_id', '=', accountId);
      const rows = await apps(read)
        .where((eb) => eb.or([eb('apps.owner_id', '=', accountId), eb('apps.id', 'in', shared)]))
        .execute();
      return sortByText(rows, (row) => row.name).map(toApp);
    },
    list: async () => sortByText(await apps(read).execute(), (row) => row.name).map(toApp),
    update: (id, change) => write((db) => update(db, id, change)),
    delete: (id) =>
      write(async (db) => {
        await db.deleteFrom('apps').where('id', '=', id).execute();
      }),
    ...settingQueries({ read, write }),
  };
}

type SettingQueries = Pick<AppQueries, 'readConfig' | 'writeConfig' | 'listBuildpacks' | 'setBuildpacks'>;

function settingQueries({ read, write }: Handle): SettingQueries {
  return {
    readConfig: async (id) => {
      const row = await read.selectFrom('apps').select('config_vars').where('id', '=', id).executeTakeFirst();
      return row?.config_vars ?? null;
    },
    writeConfig: (id, encrypted) => write((db) => set(db, id, { config_vars: encrypted })),
    listBuildpacks: async (id) => {
      const row = await read.selectFrom('apps').select('buildpacks').where('id', '=', id).executeTakeFirst();
      return row === undefined ? [] : (fromJson(row.buildpacks) as readonly string[]);
    },
    setBuildpacks: (id, references) => write((db) => set(db, id, { buildpacks: toJson(references) })),
  };
}

function apps(db: Kysely<Schema>) {
  return db
    .selectFrom('apps')
    .innerJoin('accounts', 'accounts.id', 'apps.owner_id')
    .selectAll('apps')
    .select('accounts.email as owner_email');
}

async function create(db: Transaction<Schema>, app: NewApp): Promise<App> {
  await refuseTakenName(db, app.name, null);
  const id = randomUUID();
  const now = toTime(new Date());
  await db
    .insertInto('apps')
    .values({
      id,
      name: app.name,
      owner_id: app.ownerId,
      stack: app.stack,
      region: app.region,
      maintenance: toFlag(false),
      uid: await nextNumber(db, 'app-uid'),
      buildpack_description: null,
      buildpacks: toJson([]),
      acm: toFlag(false),
      config_vars: null,
      last_version: 0,
      released_at: null,
      created_at: now,
      updated_at: now,
    })
    .execute();
  return toApp(await apps(db).where('apps.id', '=', id).executeTakeFirstOrThrow());
}

async function update(db: Transaction<Schema>, id: AppId, change: Parameters<AppQueries['update']>[1]): Promise<App> {
  if (change.name !== undefined) await refuseTakenName(db, change.name, id);
  await set(db, id, {
    ...(change.name !== undefined && { name: change.name }),
    ...(change.maintenance !== undefined && { maintenance: toFlag(change.maintenance) }),
    ...(change.acm !== undefined && { acm: toFlag(change.acm) }),
    ...(change.buildpackProvidedDescription !== undefined && {
      buildpack_description: toTextOrNull(change.buildpackProvidedDescription),
    }),
    ...(change.releasedAt !== undefined && { released_at: toTime(change.releasedAt) }),
    ...(change.ownerId !== undefined && { owner_id: change.ownerId }),
  });
  return toApp(await apps(db).where('apps.id', '=', id).executeTakeFirstOrThrow());
}

async function set(db: Transaction<Schema>, id: AppId, change: Updateable<AppTable>): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('apps')
    .set({ ...change, updated_at: toTime(new Date()) })
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
}

async function refuseTakenName(db: Transaction<Schema>, name: AppName, except: AppId | null): Promise<void> {
  const holder = await db.selectFrom('apps').select('id').where('name', '=', name).executeTakeFirst();
  if (holder !== undefined && holder.id !== except) throw new PlatformError('invalid_params', 'Name is already taken');
}

function toApp(row: Selectable<AppTable> & { owner_email: string }): App {
  return {
    id: row.id as AppId,
    name: row.name as AppName,
    ownerId: row.owner_id as AccountId,
    ownerEmail: row.owner_email,
    stack: row.stack,
    region: row.region,
    maintenance: fromFlag(row.maintenance),
    acm: fromFlag(row.acm),
    uid: row.uid,
    buildpackProvidedDescription: row.buildpack_description,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
    releasedAt: fromTimeOrNull(row.released_at),
  };
}
