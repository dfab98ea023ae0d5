import { createHmac } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { AppName } from '../../../src/model/ids.ts';
import { HttpReceiver } from '../../rig/log-receivers.ts';
import { eventually } from '../../rig/platform-rig.ts';
import { makeCertificate } from '../../rig/certificate.ts';
import { ApiRig } from './api-rig.ts';

interface Told {
  readonly id: string;
  readonly action: string;
  readonly resource: string;
  readonly actor: { readonly email: string };
  readonly data: Readonly<Record<string, unknown>>;
  readonly previous_data: Readonly<Record<string, unknown>>;
  readonly sequence: string;
  readonly webhook_metadata: {
    readonly delivery: { readonly id: string };
    readonly event: { readonly include: string };
  };
}

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly num_attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_attempt: {
    readonly code: number | null;
    readonly error_class: string | null;
    readonly status: string;
  } | null;
  readonly event: { readonly id: string; readonly include: string };
}

const told = (receiver: HttpReceiver): readonly Told[] =>
  receiver.requests.filter(({ answered }) => answered === 204).map(({ body }) => JSON.parse(body.toString()) as Told);

async function hook(rig: ApiRig, app: string, url: string, more: object = {}) {
  const include = ['api:app', 'api:build', 'api:dyno', 'api:formation', 'api:release'];
  const answer = await rig.api('POST', `/apps/${app}/webhooks`, { include, level: 'sync', url, ...more });
  expect([answer.status, answer.json]).toEqual([201, expect.objectContaining({ url })]);
  const { id } = answer.json as { id: string };
  return { id, secret: answer.headers.get('heroku-webhook-secret') ?? '' };
}

const deliveriesOf = async (rig: ApiRig, app: string, query = ''): Promise<readonly Delivery[]> =>
  (
    await rig.api('GET', `/apps/${app}/webhook-deliveries${query}`, undefined, {
      range: 'seq ..; order=desc,max=1000',
    })
  ).json as readonly Delivery[];

it('tells what happens to an app, signed, in the words of the API', async () => {
  await using rig = await ApiRig.start();
  await using receiver = await HttpReceiver.start();
  const app = await rig.createApp('watched');
  await rig.createApp('other');
  const { secret } = await hook(rig, 'watched', receiver.url, { authorization: 'Bearer mine' });
  expect(secret).toMatch(/^[\da-f]{64}$/);

  await rig.deploy(app);
  await rig.api('PATCH', '/apps/watched', { maintenance: true });
  await rig.api('PATCH', '/apps/watched/formation', { updates: [{ type: 'web', quantity: 2 }] });
  await rig.api('PATCH', '/apps/other', { maintenance: true });
  await rig.api('DELETE', '/apps/watched');
  await eventually('the end of the app', () =>
    Promise.resolve(told(receiver).some(({ action }) => action === 'destroy')),
  );

  const events = told(receiver);
  expect(events.map(({ resource, action }) => `${resource} ${action}`)).toEqual([
    'build create',
    'release create',
    'build update',
    'formation update',
    'formation update',
    'app update',
    'formation update',
    'app destroy',
  ]);
  const [build, release] = events;
  expect(build?.data).toMatchObject({ status: 'pending', app: { id: app.id }, stack: 'heroku-24' });
  expect(release?.data).toMatchObject({ version: 3, status: 'succeeded', app: { name: 'watched' } });
  expect(events[2]).toMatchObject({ data: { status: 'succeeded' }, previous_data: { status: 'pending' } });
  expect(events[5]).toMatchObject({
    data: { maintenance: true, name: 'watched' },
    previous_data: { maintenance: false },
    actor: { email: 'admin@localhost' },
    version: 'application/vnd.heroku+json; version=3',
  });
  expect(['maintenance', 'updated_at']).toEqual(expect.arrayContaining(Object.keys(events[5]?.previous_data ?? {})));
  expect(events[6]).toMatchObject({ data: { quantity: 2, type: 'web' }, previous_data: { quantity: 1 } });
  const numbers = events.map(({ sequence }) => Number(sequence));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  for (const { headers, body } of receiver.requests) {
    expect(headers['heroku-webhook-hmac-sha256']).toBe(createHmac('sha256', secret).update(body).digest('base64'));
    expect(headers.authorization).toBe('Bearer mine');
    expect(headers['content-type']).toBe('application/json');
  }
});

it('tells of domains and certificates, and nothing of a private key', async () => {
  await using rig = await ApiRig.start();
  await using receiver = await HttpReceiver.start();
  await rig.createApp('watched');
  await hook(rig, 'watched', receiver.url, { include: ['api:domain', 'api:sni-endpoint'] });
  const send = async (method: string, path: string, body?: object): Promise<Record<string, string>> =>
    (await rig.api(method, `/apps/watched${path}`, body)).json as Record<string, string>;
  const certificate = async (name: string): Promise<object> => {
    const { cert, key } = await makeCertificate([name]);
    return { certificate_chain: cert, private_key: key };
  };

  const { name = '' } = await send('POST', '/sni-endpoints', await certificate('old.test'));
  await send('POST', '/domains', { hostname: 'www.test.example', sni_endpoint: name });
  await send('PATCH', `/sni-endpoints/${name}`, await certificate('new.test'));
  await send('DELETE', '/domains/www.test.example');
  await send('DELETE', `/sni-endpoints/${name}`);
  await eventually('five events', () => Promise.resolve(told(receiver).length === 5));

  const events = told(receiver);
  expect(events.map(({ resource, action }) => `${resource} ${action}`)).toEqual([
    'sni-endpoint create',
    'domain create',
    'sni-endpoint update',
    'domain destroy',
    'sni-endpoint destroy',
  ]);
  expect(events[1]?.data).toMatchObject({ hostname: 'www.test.example', kind: 'custom', sni_endpoint: { name } });
  expect(events[2]).toMatchObject({
    data: { ssl_cert: { subject: '/CN=new.test' } },
    previous_data: { ssl_cert: { subject: '/CN=old.test' } },
  });
  for (const { body } of receiver.requests) expect(body.toString()).not.toMatch(/PRIVATE|sealed/i);
});

it('tries a sync delivery until it is taken, a notify delivery once, and shows both', async () => {
  await using rig = await ApiRig.start();
  await using patient = await HttpReceiver.start();
  await using once = await HttpReceiver.start();
  await rig.createApp('retried');
  const answers = [500, 'reset', 404] as const;
  patient.answer = () => answers[patient.requests.length] ?? 204;
  once.answer = () => 503;
  await hook(rig, 'retried', patient.url, { include: ['api:app'] });
  await hook(rig, 'retried', once.url, { include: ['api:app'], level: 'notify' });
  await rig.api('PATCH', '/apps/retried', { maintenance: true });
  await eventually('delivery', () => Promise.resolve(told(patient).length > 0));

  expect(new Set(patient.requests.map(({ body }) => idsOf(body).delivery)).size).toBe(1);
  expect(new Set(patient.requests.map(({ body }) => idsOf(body).attempt)).size).toBe(4);
  const deliveries = await eventually('the rows', async () => {
    const rows = await deliveriesOf(rig, 'retried');
    return rows.every(({ next_attempt_at: at }) => at === null) && rows;
  });
  expect(deliveries).toMatchObject([
    { status: 'failed', num_attempts: 1, last_attempt: { code: 503, status: 'failed' } },
    { status: 'succeeded', num_attempts: 4, last_attempt: { code: 204, error_class: null, status: 'succeeded' } },
  ]);
  expect(once.requests).toHaveLength(1);
  expect(await deliveriesOf(rig, 'retried', '?eq[status]=failed')).toHaveLength(1);
  expect((await rig.api('GET', '/apps/retried/webhook-deliveries?eq[status]=x')).status).toBe(422);

  const [first] = deliveries;
  expect((await rig.api('GET', `/apps/retried/webhook-deliveries/${first?.id}`)).json).toEqual(first);
  const event = await rig.api('GET', `/apps/retried/webhook-events/${first?.event.id}`);
  expect(event.json).toMatchObject({
    include: 'api:app',
    payload: { action: 'update', resource: 'app', data: { name: 'retried', maintenance: true } },
  });
  expect((await rig.api('GET', '/apps/retried/webhook-events')).json).toEqual([event.json]);
});

it('keeps a slow receiver from holding up the others', async () => {
  await using rig = await ApiRig.start();
  await using slow = await HttpReceiver.start();
  await using quick = await HttpReceiver.start();
  slow.answer = () => 'silence';
  await rig.createApp('uneven');
  await hook(rig, 'uneven', slow.url, { include: ['api:app'] });
  for (let n = 0; n < 20; n += 1) await rig.api('PATCH', '/apps/uneven', { maintenance: n % 2 === 0 });
  await hook(rig, 'uneven', quick.url, { include: ['api:app'] });
  await rig.api('PATCH', '/apps/uneven', { maintenance: true });
  await eventually('the quick one', () => Promise.resolve(told(quick).length === 1));
  expect(slow.requests).toHaveLength(1);
});

it('writes an event in the transaction of what it tells of, or not at all', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('atomic');
  await hook(rig, 'atomic', 'https://receiver.invalid/', { include: ['api:app'] });
  const { store } = rig.platform;
  await expect(
    store.transaction(async (tx) => {
      await tx.apps.update(app.id, { maintenance: true });
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  expect(await store.webhookEvents.list(app.id)).toEqual([]);
  const someone = await store.accounts.create({ email: 'someone@example.com' });
  await store.actingAs({ accountId: someone.id, email: someone.email }, { via: 'test', address: null }, () =>
    store.apps.update(app.id, { name: 'atomic-two' as AppName }),
  );
  expect(await store.webhookEvents.list(app.id)).toMatchObject([{ actor: { email: 'someone@example.com' } }]);
});

it('changes and removes webhooks, and takes no more than ten', async () => {
  await using rig = await ApiRig.start();
  await using receiver = await HttpReceiver.start();
  await rig.createApp('managed');
  const { id, secret } = await hook(rig, 'managed', 'https://user:pa%3Ass@receiver.invalid/old', {
    include: ['dyno', 'api:app', 'api:app'],
    secret: 'chosen',
  });
  expect(secret).toBe('chosen');
  const path = `/apps/managed/webhooks/${id}`;
  expect((await rig.api('GET', path)).json).toMatchObject({ include: ['api:dyno', 'api:app'], level: 'sync' });
  const changed = await rig.api('PATCH', path, { url: receiver.url, include: ['api:app'], level: 'notify' });
  expect(changed.json).toMatchObject({ id, url: receiver.url, include: ['api:app'], level: 'notify' });
  expect(changed.headers.has('heroku-webhook-secret')).toBe(false);
  await rig.api('PATCH', '/apps/managed', { maintenance: true });
  await eventually('delivery', () => Promise.resolve(told(receiver).length === 1));
  expect(receiver.requests[0]?.headers['heroku-webhook-hmac-sha256']).toBe(
    createHmac('sha256', 'chosen')
      .update(receiver.requests[0]?.body ?? '')
      .digest('base64'),
  );

  for (let n = 2; n <= 10; n += 1) await hook(rig, 'managed', `https://receiver.invalid/${n}`);
  const eleventh = { include: ['api:app'], level: 'sync', url: 'https://receiver.invalid/11' };
  expect(await rig.api('POST', '/apps/managed/webhooks', eleventh)).toMatchObject({
    status: 422,
    json: { message: expect.stringContaining('10 are allowed') as unknown },
  });
  expect((await rig.api('DELETE', path)).json).toMatchObject({ id });
  expect((await rig.api('GET', path)).status).toBe(404);
  expect((await rig.api('GET', '/apps/managed/webhooks')).json).toHaveLength(9);
  expect((await rig.api('GET', '/apps/managed/webhook-deliveries')).json).toEqual([]);

  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ ...eleventh, include: ['api:everything'] }, /include/],
    [{ ...eleventh, include: [] }, /include/],
    [{ ...eleventh, include: 'api:app' }, /include/],
    [{ ...eleventh, level: 'loud' }, /level/],
    [{ ...eleventh, url: 'http://example.com/' }, /https/],
    [{ ...eleventh, url: 'https://169.254.169.254/' }, /metadata/],
    [{ ...eleventh, url: 'syslog://host:1' }, /https/],
    [{ ...eleventh, authorization: 'a\r\nX-Evil: 1' }, /authorization/],
    [{ level: 'sync', include: ['api:app'] }, /url/],
  ];
  for (const [body, why] of wrong) {
    const answer = await rig.api('POST', '/apps/managed/webhooks', body);
    expect([body, answer.status, (answer.json as { message: string }).message]).toEqual([
      body,
      422,
      expect.stringMatching(why),
    ]);
  }
});

it('drops the authorization of a webhook that goes to another origin, and keeps it on the same one', async () => {
  await using rig = await ApiRig.start();
  await using first = await HttpReceiver.start();
  await using second = await HttpReceiver.start();
  await rig.createApp('moved');
  const { id } = await hook(rig, 'moved', first.url, { include: ['api:app'], authorization: 'Bearer mine' });
  const change = async (body: object, maintenance: boolean): Promise<void> => {
    expect((await rig.api('PATCH', `/apps/moved/webhooks/${id}`, body)).status).toBe(200);
    await rig.api('PATCH', '/apps/moved', { maintenance });
  };
  await change({ url: new URL('/elsewhere', first.url).href }, true);
  await eventually('delivery', () => Promise.resolve(told(first).length === 1));
  await change({ url: second.url }, false);
  await eventually('delivery', () => Promise.resolve(told(second).length === 1));
  await change({ url: first.url, authorization: 'Bearer new' }, true);
  await eventually('delivery', () => Promise.resolve(told(first).length === 2));

  expect(first.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer mine', 'Bearer new']);
  expect(second.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

function idsOf(body: Buffer): { delivery: string; attempt: string } {
  const { webhook_metadata: meta } = JSON.parse(body.toString()) as {
    webhook_metadata: { delivery: { id: string }; attempt: { id: string } };
  };
  return { delivery: meta.delivery.id, attempt: meta.attempt.id };
}
