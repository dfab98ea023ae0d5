import type { Transaction } from 'kysely';
import type { Actor } from '../model/account.ts';
import type { DynoId, ProcessType, AppId } from '../model/ids.ts';
import type { WebhookEntity } from '../model/webhook.ts';
import type { Changing, InTransaction } from './changing.ts';
import { fromJson, toTime } from './codecs.ts';
import type { Handle } from './handle.ts';
import { toDynoRow } from './queries/dyno-queries.ts';
import { plainQueries } from './queries/index.ts';
import { insertEvent } from './queries/webhook-event-queries.ts';
import { domainChanges, sniEndpointChanges } from './record-domain-changes.ts';
import type { Schema } from './schema.ts';
import type { DynoRow, Queries } from './store.ts';

export interface Recording {
  /** Who changes things now; null: the platform itself. */
  actor(): Actor | null;
  /** Called in each transaction that has written an event. */
  noted(): void;
}

/**
 * The queries, with every change that a webhook asks for written as an event in the very transaction of the change: what was
 * committed is told, what was rolled back is not, and no story has to think of it.
 */
export function recordChanges(handle: Handle, recording: Recording): Queries {
  const plain = plainQueries(handle);
  const changing = <T>(work: (tools: Changing) => Promise<T>): Promise<T> =>
    handle.write((db) => work(changingIn(db, recording)));
  return {
    ...plain,
    apps: { ...plain.apps, ...appChanges(changing) },
    collaborators: { ...plain.collaborators, ...collaboratorChanges(changing) },
    builds: { ...plain.builds, ...buildChanges(changing) },
    releases: { ...plain.releases, ...releaseChanges(changing) },
    formation: { ...plain.formation, ...formationChanges(changing) },
    dynos: { ...plain.dynos, ...dynoChanges(changing) },
    domains: { ...plain.domains, ...domainChanges(changing) },
    sniEndpoints: { ...plain.sniEndpoints, ...sniEndpointChanges(changing) },
  };
}

function changingIn(db: Transaction<Schema>, recording: Recording): Changing {
  const queries = plainQueries({ read: db, write: (work) => work(db) });
  return {
    db,
    queries,
    isWanted: async (appId, include) => (await subscribers(db, appId, include)).length > 0,
    note: async ({ appId, include, action, current, previous }) => {
      const webhooks = await subscribers(db, appId, include);
      const app = webhooks.length === 0 ? null : await queries.apps.findById(appId);
      if (app === null) return;
      // Dynos change by themselves; whoever did something to the app long ago has nothing to do with it.
      const by = include === 'api:dyno' ? null : recording.actor();
      const actor = by === null ? { id: app.ownerId, email: app.ownerEmail } : { id: by.accountId, email: by.email };
      const snapshot = { app, current, previous: previous ?? null };
      await insertEvent(db, { appId, include, action, actor, snapshot }, webhooks);
      recording.noted();
    },
  };
}

async function subscribers(db: Transaction<Schema>, appId: AppId, include: WebhookEntity) {
  const webhooks = await db
    .selectFrom('webhooks')
    .select(['id', 'level', 'include'])
    .where('app_id', '=', appId)
    .where('deleted_at', 'is', null)
    .execute();
  return webhooks.filter((webhook) => (fromJson(webhook.include) as readonly string[]).includes(include));
}

function appChanges(changing: InTransaction): Pick<Queries['apps'], 'update' | 'delete'> {
  const include = 'api:app';
  return {
    update: (id, change) =>
      changing(async ({ queries, note, isWanted }) => {
        const previous = (await isWanted(id, include)) ? await queries.apps.findById(id) : null;
        const current = await queries.apps.update(id, change);
        if (previous !== null) await note({ appId: id, include, action: 'update', current, previous });
        return current;
      }),
    delete: (id) =>
      changing(async ({ queries, note, db }) => {
        const current = await queries.apps.findById(id);
        if (current !== null) await note({ appId: id, include, action: 'destroy', current });
        await queries.apps.delete(id);
        await db
          .updateTable('webhooks')
          .set({ deleted_at: toTime(new Date()) })
          .where('app_id', '=', id)
          .where('deleted_at', 'is', null)
          .execute();
      }),
  };
}

function collaboratorChanges(changing: InTransaction): Pick<Queries['collaborators'], 'set' | 'remove'> {
  const include = 'api:collaborator';
  return {
    set: (appId, accountId, permissions) =>
      changing(async ({ queries, note }) => {
        const previous = await queries.collaborators.find(appId, accountId);
        const current = await queries.collaborators.set(appId, accountId, permissions);
        if (previous === null) await note({ appId, include, action: 'create', current });
        else await note({ appId, include, action: 'update', current, previous });
        return current;
      }),
    remove: (id) =>
      changing(async ({ queries, note, db }) => {
        const row = await db.selectFrom('collaborators').select('app_id').where('id', '=', id).executeTakeFirst();
        const appId = row?.app_id as AppId | undefined;
        const all = appId === undefined ? [] : await queries.collaborators.list(appId);
        const current = all.find((collaborator) => collaborator.id === id);
        if (current !== undefined) {
          await note({ appId: current.appId, include, action: 'destroy', current });
        }
        await queries.collaborators.remove(id);
      }),
  };
}

function buildChanges(changing: InTransaction): Pick<Queries['builds'], 'create' | 'finish'> {
  const include = 'api:build';
  return {
    create: (build) =>
      changing(async ({ queries, note }) => {
        const current = await queries.builds.create(build);
        await note({ appId: current.appId, include, action: 'create', current });
        return current;
      }),
    finish: (id, result) =>
      changing(async ({ queries, note }) => {
        const previous = await queries.builds.findById(id);
        await queries.builds.finish(id, result);
        const current = await queries.builds.findById(id);
        if (previous === null || current === null) return;
        await note({ appId: current.appId, include, action: 'update', current, previous });
      }),
  };
}

function releaseChanges(changing: InTransaction): Pick<Queries['releases'], 'create' | 'setStatus'> {
  const include = 'api:release';
  return {
    create: (release) =>
      changing(async ({ queries, note }) => {
        const current = await queries.releases.create(release);
        await note({ appId: current.appId, include, action: 'create', current });
        return current;
      }),
    setStatus: (id, status) =>
      changing(async ({ queries, note }) => {
        const previous = await queries.releases.findById(id);
        await queries.releases.setStatus(id, status);
        const current = await queries.releases.findById(id);
        if (previous === null || current === null || previous.status === status) return;
        await note({ appId: current.appId, include, action: 'update', current, previous });
      }),
  };
}

function formationChanges(changing: InTransaction): Pick<Queries['formation'], 'set' | 'remove'> {
  const include = 'api:formation';
  const find = async ({ queries }: Changing, appId: AppId, type: ProcessType) =>
    (await queries.formation.list(appId)).find((entry) => entry.type === type);
  return {
    set: (appId, type, change) =>
      changing(async (tools) => {
        const previous = (await tools.isWanted(appId, include)) ? await find(tools, appId, type) : undefined;
        const current = await tools.queries.formation.set(appId, type, change);
        const isSame = previous?.quantity === current.quantity && previous.size === current.size;
        // There is no `create` of a formation: one that is new has changed from nothing.
        if (!isSame) {
          await tools.note({
            appId,
            include,
            action: 'update',
            current,
            ...(previous === undefined ? {} : { previous }),
          });
        }
        return current;
      }),
    remove: (appId, type) =>
      changing(async (tools) => {
        const current = await find(tools, appId, type);
        if (current !== undefined) await tools.note({ appId, include, action: 'destroy', current });
        await tools.queries.formation.remove(appId, type);
      }),
  };
}

function dynoChanges(changing: InTransaction): Pick<Queries['dynos'], 'save' | 'remove'> {
  const include = 'api:dyno';
  const find = ({ db }: Changing, id: DynoId) =>
    db.selectFrom('dynos').selectAll().where('id', '=', id).executeTakeFirst();
  return {
    save: (row) =>
      changing(async (tools) => {
        const isWanted = await tools.isWanted(row.appId, include);
        const before = isWanted ? await find(tools, row.id) : undefined;
        await tools.queries.dynos.save(row);
        if (!isWanted) return;
        const previous = before === undefined ? null : toDynoRow(before);
        const change = { appId: row.appId, include, current: row } as const;
        if (previous === null) await tools.note({ ...change, action: 'create' });
        else if (shownState(previous) !== shownState(row)) await tools.note({ ...change, action: 'update', previous });
      }),
    remove: (id) =>
      changing(async (tools) => {
        const row = await find(tools, id);
        if (row !== undefined) {
          const current = toDynoRow(row);
          await tools.note({ appId: current.appId, include, action: 'destroy', current });
        }
        await tools.queries.dynos.remove(id);
      }),
  };
}

/** Clients see no `stopping`. */
function shownState({ state }: DynoRow): string {
  return state === 'stopping' ? 'down' : state;
}
