import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { AppId, CommitId, Sha256, SlugId } from '../../model/ids.ts';
import type { ProcessTypes, Slug } from '../../model/slug.ts';
import { fromJson, fromTime, toJson, toTextOrNull, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { SlugQueries } from '../store.ts';

export function slugQueries({ read, write }: Handle): SlugQueries {
  return {
    create: (slug) =>
      write(async (db) => {
        const row = {
          id: randomUUID(),
          app_id: slug.appId,
          sha256: slug.sha256,
          size_bytes: slug.sizeBytes,
          commit_id: slug.commit,
          commit_description: toTextOrNull(slug.commitDescription),
          process_types: toJson(slug.processTypes),
          buildpack_description: toTextOrNull(slug.buildpackProvidedDescription),
          stack: slug.stack,
          created_at: toTime(new Date()),
        };
        await db.insertInto('slugs').values(row).execute();
        return toSlug(row);
      }),
    findById: async (id) => {
      const row = await read.selectFrom('slugs').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toSlug(row);
    },
    listShasInUse: async () => {
      const rows = await read
        .selectFrom('slugs')
        .innerJoin('releases', 'releases.slug_id', 'slugs.id')
        .where('releases.status', '<>', 'failed')
        .select('slugs.sha256')
        .distinct()
        .orderBy('slugs.sha256')
        .execute();
      return rows.map((row) => row.sha256 as Sha256);
    },
    listShas: async (appId) => {
      const rows = await read.selectFrom('slugs').select('sha256').distinct().where('app_id', '=', appId).execute();
      return rows.map((row) => row.sha256 as Sha256);
    },
  };
}

export function toSlug(row: Selectable<Schema['slugs']>): Slug {
  return {
    id: row.id as SlugId,
    appId: row.app_id as AppId,
    sha256: row.sha256 as Sha256,
    sizeBytes: row.size_bytes,
    commit: row.commit_id as CommitId | null,
    commitDescription: row.commit_description,
    processTypes: fromJson(row.process_types) as ProcessTypes,
    buildpackProvidedDescription: row.buildpack_description,
    stack: row.stack,
    createdAt: fromTime(row.created_at),
  };
}
