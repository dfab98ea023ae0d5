import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { Build } from '../../model/build.ts';
import type { AccountId, AppId, BuildId, CommitId, ReleaseId, SlugId } from '../../model/ids.ts';
import { stateMachines, statesBefore } from '../../model/state-machines.ts';
import { fromJson, fromTime, toJson, toTextOrNull, toTime } from '../codecs.ts';
import { nextNumber, type Handle } from '../handle.ts';
import { noSuchStep } from '../no-such-step.ts';
import type { Schema } from '../schema.ts';
import type { BuildQueries } from '../store.ts';

export function buildQueries({ read, write }: Handle): BuildQueries {
  return {
    create: (build) =>
      write(async (db) => {
        const id = randomUUID();
        const now = toTime(new Date());
        await db
          .insertInto('builds')
          .values({
            id,
            number: await nextNumber(db, 'build'),
            app_id: build.appId,
            status: 'pending',
            commit_id: build.commit,
            source_url: toTextOrNull(build.source?.url ?? null),
            source_version: toTextOrNull(build.source?.version ?? null),
            source_version_description: toTextOrNull(build.source?.versionDescription ?? null),
            source_checksum: build.source?.checksum ?? null,
            user_id: build.userId,
            buildpacks: toJson([]),
            slug_id: null,
            release_id: null,
            created_at: now,
            updated_at: now,
          })
          .execute();
        return toBuild(await builds(db).where('builds.id', '=', id).executeTakeFirstOrThrow());
      }),
    finish: (id, result) => write((db) => finish(db, id, result)),
    findById: async (id) => {
      const row = await builds(read).where('builds.id', '=', id).executeTakeFirst();
      return row === undefined ? null : toBuild(row);
    },
    list: async (appId, { order = 'asc', max } = {}) => {
      const query = builds(read).where('builds.app_id', '=', appId).orderBy('builds.number', order);
      const rows = await (max === undefined ? query : query.limit(max)).execute();
      return rows.map(toBuild);
    },
    listPending: async () => {
      const rows = await builds(read).where('builds.status', '=', 'pending').orderBy('builds.number').execute();
      return rows.map(toBuild);
    },
    wasBuilt: async (appId, commit) => {
      const row = await read
        .selectFrom('builds')
        .select('id')
        .where('app_id', '=', appId)
        .where('commit_id', '=', commit)
        .where('status', '<>', 'pending')
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

async function finish(
  db: Transaction<Schema>,
  id: BuildId,
  result: Parameters<BuildQueries['finish']>[1],
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('builds')
    .set({
      status: result.status,
      ...(result.slugId !== undefined && { slug_id: result.slugId }),
      ...(result.releaseId !== undefined && { release_id: result.releaseId }),
      ...(result.buildpacks !== undefined && { buildpacks: toJson(result.buildpacks) }),
      updated_at: toTime(new Date()),
    })
    .where('id', '=', id)
    .where('status', 'in', statesBefore(stateMachines.build, result.status))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) return;
  const found = await db.selectFrom('builds').select('status').where('id', '=', id).executeTakeFirst();
  if (found !== undefined) throw noSuchStep('build', found.status, result.status);
  throw new PlatformError('not_found', "Couldn't find that build.", { resource: 'build' });
}

function builds(db: Kysely<Schema>) {
  return db
    .selectFrom('builds')
    .innerJoin('accounts', 'accounts.id', 'builds.user_id')
    .selectAll('builds')
    .select('accounts.email as user_email');
}

function toBuild(row: Selectable<Schema['builds']> & { user_email: string }): Build {
  return {
    id: row.id as BuildId,
    appId: row.app_id as AppId,
    status: row.status as Build['status'],
    commit: row.commit_id as CommitId | null,
    source: toSource(row),
    userId: row.user_id as AccountId,
    userEmail: row.user_email,
    buildpacks: fromJson(row.buildpacks) as readonly string[],
    slugId: row.slug_id as SlugId | null,
    releaseId: row.release_id as ReleaseId | null,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}

function toSource(row: Selectable<Schema['builds']>): Build['source'] {
  if (row.source_url === null) return null;
  return {
    url: row.source_url,
    checksum: row.source_checksum,
    version: row.source_version,
    versionDescription: row.source_version_description,
  };
}
