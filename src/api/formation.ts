import { PlatformError } from '../errors/platform-error.ts';
import { onScale, type Platform, type ScaleUpdate } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import { defaultDynoSize, dynoSizes, type DynoSizeName, type FormationEntry } from '../model/formation.ts';
import type { ProcessType } from '../model/ids.ts';
import type { ProcessTypes } from '../model/slug.ts';
import type { ApiCall } from './api-call.ts';
import { identityField, invalidField, objectBody, objectsField, stringField, type JsonObject } from './body.ts';
import { withApp, type Routes } from './route.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

export const formationRoutes: Routes = {
  'GET /apps/:app/formation': withApp('view', async (call, app) => {
    const release = await releaseEntry(call, app);
    return [
      ...(await serializeFormation(call.platform, app, await call.platform.store.formation.list(app.id))),
      ...release,
    ];
  }),
  'GET /apps/:app/formation/:type': withApp('view', async (call, app) => {
    const entry = await findEntry(call, app, call.param('type'));
    return (await serializeFormation(call.platform, app, [entry]))[0];
  }),
  'PATCH /apps/:app/formation': withApp(['deploy', 'operate'], async (call, app) => {
    const updates = objectsField(objectBody(call.body), 'updates', 100) ?? [];
    const parsed = await Promise.all(
      updates.map(async (update) => {
        const type = stringField(update, 'type') ?? stringField(update, 'process');
        if (type === undefined) throw invalidField('updates', 'must name a process type as `type` in each item');
        return parseUpdate(await typeOf(call, app, type), update);
      }),
    );
    const scaled = await withoutReleaseSize(call, app, parsed);
    return serializeFormation(call.platform, app, await onScale(app, scaled, call.actor, call.platform));
  }),
  'PATCH /apps/:app/formation/:type': withApp(['deploy', 'operate'], async (call, app) => {
    const type = await typeOf(call, app, call.param('type'));
    const formation = await onScale(app, [parseUpdate(type, objectBody(call.body))], call.actor, call.platform);
    return (
      await serializeFormation(
        call.platform,
        app,
        formation.filter((entry) => entry.type === type),
      )
    )[0];
  }),
};

/** `heroku ps:type SIZE` names every type that is listed; the one of release commands has the size that it has. */
async function withoutReleaseSize(
  call: ApiCall,
  app: App,
  updates: readonly ScaleUpdate[],
): Promise<readonly ScaleUpdate[]> {
  const others = updates.filter(({ type, quantity }) => type !== 'release' || quantity !== undefined);
  const isListed = others.length > 0 && (await releaseEntry(call, app)).length > 0;
  return isListed ? others : updates;
}

/** A formation may be named by its id too. */
async function typeOf(call: ApiCall, app: App, which: string): Promise<ProcessType> {
  const formation = await call.platform.store.formation.list(app.id);
  return formation.find((entry) => entry.id === which)?.type ?? (which as ProcessType);
}

async function findEntry(call: ApiCall, app: App, which: string): Promise<FormationEntry> {
  const formation = await call.platform.store.formation.list(app.id);
  const entry = formation.find(({ type, id }) => type === which || id === which);
  if (entry !== undefined) return entry;
  throw new PlatformError('not_found', `Couldn't find that process type (${which.slice(0, 128)}).`, {
    resource: 'formation',
  });
}

function parseUpdate(type: ProcessType, update: JsonObject): ScaleUpdate {
  const quantity = parseQuantity(update['quantity']);
  const size = identityField(update, 'size') ?? identityField(update, 'dyno_size');
  return {
    type: type.slice(0, 128) as ProcessType,
    ...(quantity === undefined ? {} : { quantity }),
    ...(size === undefined ? {} : { size: parseSize(size) }),
  };
}

/** `2` and `"2"` are numbers of dynos, `"+1"` and `"-1"` are changes. */
function parseQuantity(value: unknown): ScaleUpdate['quantity'] {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value)) return { to: value };
  const match = typeof value === 'string' ? /^([+-]?)(\d{1,6})$/.exec(value) : null;
  if (match === null) throw invalidField('quantity', 'must be a whole number, or a change like "+1" or "-1"');
  const number = Number(match[2]);
  return match[1] === '' ? { to: number } : { by: match[1] === '-' ? -number : number };
}

export function parseSize(wanted: string): DynoSizeName {
  const size = dynoSizes.find(({ name }) => name === wanted.toLowerCase() || stableId('dyno-size', name) === wanted);
  if (size !== undefined) return size.name;
  throw invalidField('size', `must be one of ${dynoSizes.map(({ label }) => label).join(', ')}`);
}

export async function serializeFormation(
  platform: Platform,
  app: App,
  formation: readonly FormationEntry[],
): Promise<readonly unknown[]> {
  const current = await platform.store.releases.findCurrent(app.id);
  const commands: ProcessTypes = current?.slug?.processTypes ?? {};
  return formation.map((entry) => ({
    id: entry.id,
    type: entry.type,
    quantity: entry.quantity,
    size: sizeLabel(entry.size),
    dyno_size: { id: stableId('dyno-size', entry.size), name: sizeLabel(entry.size) },
    command: commands[entry.type] ?? '',
    app: { id: app.id, name: app.name },
    created_at: timestamp(entry.createdAt),
    updated_at: timestamp(entry.updatedAt),
  }));
}

/** `heroku releases:retry` looks here whether the app has a release command; it never runs in the formation. */
async function releaseEntry({ platform }: ApiCall, app: App): Promise<readonly unknown[]> {
  const newest = await platform.store.releases.findNewest(app.id);
  const command = newest?.slug?.processTypes['release' as ProcessType];
  if (newest === null || command === undefined) return [];
  return [
    {
      id: stableId('formation', app.id, 'release'),
      type: 'release',
      quantity: 0,
      size: sizeLabel(defaultDynoSize),
      dyno_size: { id: stableId('dyno-size', defaultDynoSize), name: sizeLabel(defaultDynoSize) },
      command,
      app: { id: app.id, name: app.name },
      created_at: timestamp(newest.createdAt),
      updated_at: timestamp(newest.createdAt),
    },
  ];
}

/** `Basic`, `Standard-1X`: the form that the CLI's table of sizes knows. */
export function sizeLabel(size: DynoSizeName): string {
  return dynoSizes.find(({ name }) => name === size)?.label ?? size;
}
