import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AccountId, AppId, ReleaseId } from '../../model/ids.ts';
import type { Release, ReleaseStatus } from '../../model/release.ts';
import type { Slug } from '../../model/slug.ts';
import { stateMachines, statesBefore } from '../../model/state-machines.ts';
import { fromTime, toText, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import { noSuchStep } from '../no-such-step.ts';
import type { Schema } from '../schema.ts';
import type { ReleaseQueries } from '../store.ts';
import { toSlug } from './slug-queries.ts';

export function releaseQueries({ read, write }: Handle): ReleaseQueries {
  const one = async (query: ReturnType<typeof releases>): Promise<Release | null> =>
    (await withSlugs(read, await query.limit(1).execute()))[0] ?? null;
  const many = async (query: ReturnType<typeof releases>): Promise<readonly Release[]> =>
    withSlugs(read, await query.execute());
  const ofApp = (appId: AppId, order: 'asc' | 'desc') =>
    releases(read).where('releases.app_id', '=', appId).orderBy('releases.version', order);
  return {
    create: (release) => write((db) => create(db, release)),
    findById: (id) => one(releases(read).where('releases.id', '=', id)),
    findByVersion: (appId, version) => one(ofApp(appId, 'desc').where('releases.version', '=', version)),
    findCurrent: (appId) => one(ofApp(appId, 'desc').where('releases.status', '=', 'succeeded')),
    findNewest: (appId) => one(ofApp(appId, 'desc')),
    list: (appId, { order = 'asc', max } = {}) => {
      const query = ofApp(appId, order);
      return many(max === undefined ? query : query.limit(max));
    },
    listPending: () =>
      many(
        releases(read)
          .where('releases.status', '=', 'pending')
          .orderBy('releases.created_at')
          .orderBy('releases.app_id')
          .orderBy('releases.version'),
      ),
    setStatus: (id, status) =>
      write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('releases')
          .set({ status, updated_at: toTime(new Date()) })
          .where('id', '=', id)
          .where('status', 'in', statesBefore(stateMachines.release, status))
          .executeTakeFirstOrThrow();
        if (numUpdatedRows > 0n) return;
        const found = await db.selectFrom('releases').select('status').where('id', '=', id).executeTakeFirst();
        if (found !== undefined) throw noSuchStep('release', found.status, status);
        throw new PlatformError('not_found', "Couldn't find that release.", { resource: 'release' });
      }),
    expire: (appId, reach) => write((db) => expire(db, appId, reach)),
    readConfigVars: async (id) => {
      const row = await read.selectFrom('releases').select('config_vars').where('id', '=', id).executeTakeFirst();
      return row?.config_vars ?? null;
    },
  };
}

async function create(db: Transaction<Schema>, release: Parameters<ReleaseQueries['create']>[0]): Promise<Release> {
  const id = randomUUID();
  const now = toTime(new Date());
  await db
    .insertInto('releases')
    .values({
      id,
      app_id: release.appId,
      version: await nextVersion(db, release.appId),
      description: toText(release.description),
      status: release.status,
      slug_id: release.slugId,
      user_id: release.userId,
      config_vars: release.configVars,
      created_at: now,
      updated_at: now,
    })
    .execute();
  const rows = await releases(db).where('releases.id', '=', id).execute();
  const [created] = await withSlugs(db, rows);
  if (created === undefined) throw new Error('Internal: a release vanished within its transaction');
  return created;
}

async function expire(
  db: Transaction<Schema>,
  appId: AppId,
  { keep, before, max = Infinity }: { keep: number; before: Date; max?: number },
): Promise<number> {
  const lastVersion = await lockReleases(db, appId);
  if (lastVersion === null || lastVersion <= keep) return 0;
  const rows = await db
    .selectFrom('releases')
    .innerJoin('slugs', 'slugs.id', 'releases.slug_id')
    .where('releases.app_id', '=', appId)
    .where('releases.status', 'in', ['pending', 'succeeded'])
    .select(['releases.id', 'releases.version', 'releases.status', 'releases.created_at', 'slugs.sha256'])
    .orderBy('releases.version')
    .execute();
  const current = rows.findLast((row) => row.status === 'succeeded');
  const stays = (row: (typeof rows)[number]): boolean =>
    row.version > lastVersion - keep || row === current || row.status === 'pending' || row.created_at >= toTime(before);
  const needed = new Set(rows.filter(stays).map((row) => row.sha256));
  const doomed = rows.filter((row) => !needed.has(row.sha256)).slice(0, max);
  for (let start = 0; start < doomed.length; start += slugsPerQuery) {
    const ids = doomed.slice(start, start + slugsPerQuery).map((row) => row.id);
    const change = { status: 'expired' as const, updated_at: toTime(new Date()) };
    await db.updateTable('releases').set(change).where('id', 'in', ids).execute();
  }
  return doomed.length;
}

/** Until the end of the transaction nobody makes another release. Returns the newest version; null: the app is gone. */
async function lockReleases(db: Transaction<Schema>, appId: AppId): Promise<number | null> {
  const query = db.updateTable('apps').set((eb) => ({ last_version: eb.ref('last_version') }));
  const app = await query.where('id', '=', appId).returning('last_version').executeTakeFirst();
  return app?.last_version ?? null;
}

/** Counted on the app's row, which stays locked until the transaction ends: without gaps, and never the same twice. */
async function nextVersion(db: Transaction<Schema>, appId: AppId): Promise<number> {
  const app = await db
    .updateTable('apps')
    .set((eb) => ({ last_version: eb('last_version', '+', 1) }))
    .where('id', '=', appId)
    .returning('last_version')
    .executeTakeFirst();
  if (app === undefined) throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
  return app.last_version;
}

type Row = Omit<Selectable<Schema['releases']>, 'config_vars'> & { user_email: string };

/** Without the config vars, which few readers want and which may be 64 KB each. */
function releases(db: Kysely<Schema>) {
  return db
    .selectFrom('releases')
    .innerJoin('accounts', 'accounts.id', 'releases.user_id')
    .select([
      'releases.id',
      'releases.app_id',
      'releases.version',
      'releases.description',
      'releases.status',
      'releases.slug_id',
      'releases.user_id',
      'releases.created_at',
      'releases.updated_at',
      'accounts.email as user_email',
    ]);
}

/** More slugs than this are looked up in several queries: databases limit the parameters of one. */
const slugsPerQuery = 500;

async function withSlugs(db: Kysely<Schema>, rows: readonly Row[]): Promise<readonly Release[]> {
  const ids = [...new Set(rows.flatMap((row) => row.slug_id ?? []))];
  const slugs = new Map<string, Slug>();
  for (let start = 0; start < ids.length; start += slugsPerQuery) {
    const batch = ids.slice(start, start + slugsPerQuery);
    const found = await db.selectFrom('slugs').selectAll().where('id', 'in', batch).execute();
    for (const row of found) slugs.set(row.id, toSlug(row));
  }
  return rows.map((row) => toRelease(row, row.slug_id === null ? null : (slugs.get(row.slug_id) ?? null)));
}

function toRelease(row: Row, slug: Slug | null): Release {
  return {
    id: row.id as ReleaseId,
    appId: row.app_id as AppId,
    version: row.version,
    description: row.description,
    status: row.status as ReleaseStatus,
    slug,
    userId: row.user_id as AccountId,
    userEmail: row.user_email,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
