import type { App } from '../model/app.ts';
import type { WebhookEntity, WebhookEvent } from '../model/webhook.ts';

/** Writes a thing of the model as the Platform API does. */
export type SerializeResource = (include: WebhookEntity, thing: object, app: App) => Promise<object>;

const version = 'application/vnd.heroku+json; version=3';

/** What clients are told of an event: the same at each delivery and on request. */
export async function eventPayload(event: WebhookEvent, serialize: SerializeResource): Promise<object> {
  const app = revive(event.snapshot.app) as App;
  const write = (thing: object): Promise<object> => serialize(event.include, revive(thing), app);
  const data = await write(event.snapshot.current);
  const previous = event.snapshot.previous === null ? {} : await write(event.snapshot.previous);
  return {
    id: event.id,
    action: event.action,
    actor: event.actor,
    created_at: time(event.createdAt),
    updated_at: time(event.createdAt),
    published_at: time(new Date()),
    resource: event.include.slice('api:'.length),
    sequence: String(event.number),
    version,
    data,
    previous_data: changed(previous, data),
  };
}

function time(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What was different before. */
function changed(previous: object, data: object): object {
  const now = new Map(Object.entries(data));
  return Object.fromEntries(
    Object.entries(previous).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(now.get(key))),
  );
}

/** Times became text when the snapshot was stored; the names of the model's times end in `At`, an exit's is `at`. */
function revive(thing: object): object {
  return JSON.parse(JSON.stringify(thing), (key, value: unknown) =>
    /(^at|At)$/.test(key) && typeof value === 'string' ? new Date(value) : value,
  ) as object;
}
