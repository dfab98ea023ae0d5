import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AppId, Sha256, SlugId } from '../../model/ids.ts';
import type { ProcessTypes, Slug, SlugDraft } from '../../model/slug.ts';
import { fromJson, fromTime, toJson, toTextOrNull, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { SlugQueries } from '../store.ts';

/** How long a slug that a client has uploaded waits for its first release. */
const uploadKeptMs = 24 * 60 * 60_000;

export function slugQueries({ read, write }: Handle): SlugQueries {
  return {
    create: (slug) =>
      write(async (db) => {
        const row = {
          id: randomUUID(),
          app_id: slug.appId,
          sha256: slug.sha256,
          size_bytes: slug.sizeBytes,
          commit_id: toTextOrNull(slug.commit),
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
    listShasInUse: async (now = new Date()) => {
      const rows = await read
        .selectFrom('slugs')
        .innerJoin('apps', 'apps.id', 'slugs.app_id')
        .leftJoin('releases', 'releases.slug_id', 'slugs.id')
        .where((eb) =>
          eb.or([
            eb('releases.status', 'in', ['pending', 'succeeded']),
            eb(
              'releases.version',
              '=',
              eb
                .selectFrom('releases as newest')
                .select((one) => one.fn.max('newest.version').as('version'))
                .whereRef('newest.app_id', '=', 'apps.id')
                .where('newest.slug_id', 'is not', null),
            ),
            eb.and([
              eb('releases.id', 'is', null),
              eb('slugs.created_at', '>', toTime(new Date(now.getTime() - uploadKeptMs))),
            ]),
          ]),
        )
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
    ...draftQueries({ read, write }),
  };
}

/** An upload URL is good for an hour. */
const draftLifeMs = 24 * 60 * 60_000;
const maxDrafts = 100;

type DraftQueries = Pick<SlugQueries, 'createDraft' | 'findDraft' | 'finishDraft'>;

function draftQueries({ read, write }: Handle): DraftQueries {
  return {
    createDraft: (draft, now = new Date()) =>
      write(async (db) => {
        const dayAgo = toTime(new Date(now.getTime() - draftLifeMs));
        await db.deleteFrom('slug_drafts').where('app_id', '=', draft.appId).where('created_at', '<', dayAgo).execute();
        const waiting = await db
          .selectFrom('slug_drafts')
          .select('id')
          .where('app_id', '=', draft.appId)
          .limit(maxDrafts)
          .execute();
        if (waiting.length >= maxDrafts) {
          const message = `${maxDrafts} slugs of this app wait for their upload. Upload to one of them, or try again in a day.`;
          throw new PlatformError('rate_limit', message);
        }
        const row = {
          id: randomUUID(),
          app_id: draft.appId,
          checksum: draft.checksum,
          commit_id: toTextOrNull(draft.commit),
          commit_description: toTextOrNull(draft.commitDescription),
          process_types: toJson(draft.processTypes),
          buildpack_description: toTextOrNull(draft.buildpackProvidedDescription),
          stack: draft.stack,
          created_at: toTime(now),
        };
        await db.insertInto('slug_drafts').values(row).execute();
        return toDraft(row);
      }),
    findDraft: async (id) => {
      const row = await read.selectFrom('slug_drafts').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toDraft(row);
    },
    finishDraft: (id, { sha256, sizeBytes }) =>
      write(async (db) => {
        const draft = await db.deleteFrom('slug_drafts').where('id', '=', id).returningAll().executeTakeFirst();
        if (draft === undefined) throw new PlatformError('conflict', 'That slug was uploaded already, or is gone.');
        const { checksum: _, ...rest } = draft;
        const row = { ...rest, sha256, size_bytes: sizeBytes };
        await db.insertInto('slugs').values(row).execute();
        return toSlug(row);
      }),
  };
}

function toDraft(row: Selectable<Schema['slug_drafts']>): SlugDraft {
  return { ...toCommon(row), checksum: row.checksum };
}

export function toSlug(row: Selectable<Schema['slugs']>): Slug {
  return { ...toCommon(row), sha256: row.sha256 as Sha256, sizeBytes: row.size_bytes };
}

function toCommon(row: Omit<Selectable<Schema['slug_drafts']>, 'checksum'>): Omit<SlugDraft, 'checksum'> {
  return {
    id: row.id as SlugId,
    appId: row.app_id as AppId,
    commit: row.commit_id,
    commitDescription: row.commit_description,
    processTypes: fromJson(row.process_types) as ProcessTypes,
    buildpackProvidedDescription: row.buildpack_description,
    stack: row.stack,
    createdAt: fromTime(row.created_at),
  };
}
