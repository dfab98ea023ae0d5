/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { HttpReceiver } from '../rig/log-receivers.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '1' } });
});
afterAll(() => rig[Symbol.asyncDispose]());

interface Told {
  readonly id: string;
  readonly action: string;
  readonly resource: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly webhook_metadata: { readonly delivery: { readonly id: string }; readonly event: { readonly id: string } };
}

const told = (receiver: HttpReceiver): readonly Told[] =>
  receiver.requests.filter(({ answered }) => answered === 204).map(({ body }) => JSON.parse(body.toString()) as Told);

itWithCli('the official CLI adds, shows, changes and removes webhooks, and shows what they were told', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  await using receiver = await HttpReceiver.start();
  const app = await rig.createApp('hooked');
  const heroku = async (...args: string[]): Promise<string> => {
    const result = await cli.run([...args, '--app', 'hooked'], app.dir);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result.stdout;
  };
  expect(await heroku('webhooks')).toContain('hooked has no webhooks');
  const include = 'api:release,api:build,api:formation,api:dyno';
  const added = await heroku(
    'webhooks:add',
    '-i',
    include,
    '-l',
    'sync',
    '-u',
    `${receiver.url}/hooks`,
    '-t',
    'Bearer me',
  );
  const secret = /^[\da-f]{64}$/m.exec(added)?.[0] ?? '';
  expect(added).toContain('Webhooks Signing Secret');
  const id = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/.exec(await heroku('webhooks'))?.[0] ?? '';
  expect(await heroku('webhooks:info', id)).toMatch(/Include: +api:release,api:build,[^]*Level: +sync[^]*URL: +http:/);

  expect((await pushTiny(app, 'hooked')).exitCode).toBe(0);
  await eventually('the end of the deploy', () =>
    Promise.resolve(told(receiver).some(({ resource, data }) => resource === 'dyno' && data['state'] === 'up')),
  );
  const events = told(receiver).map(
    ({ resource, action, data }) =>
      `${resource} ${action} ${String(data['status'] ?? data['state'] ?? data['quantity'])}`,
  );
  expect(events).toEqual(
    expect.arrayContaining([
      'build create pending',
      'release create pending',
      'build update succeeded',
      'release update succeeded',
      'formation update 1',
      'dyno create starting',
      'dyno update up',
    ]),
  );
  for (const { headers, body } of receiver.requests) {
    expect(headers['heroku-webhook-hmac-sha256']).toBe(createHmac('sha256', secret).update(body).digest('base64'));
  }

  const deliveries = await heroku('webhooks:deliveries');
  const first = told(receiver)[0];
  expect(deliveries).toContain(first?.webhook_metadata.delivery.id);
  expect(deliveries).toMatch(/succeeded +api:build +sync +1 +204/);
  expect(await heroku('webhooks:deliveries', '--status', 'failed')).toContain('hooked has no deliveries');
  expect(await heroku('webhooks:deliveries:info', first?.webhook_metadata.delivery.id ?? '')).toMatch(
    /Status: +succeeded[^]*Event Payload[^]*"resource": "build"/,
  );
  expect(await heroku('webhooks:events')).toMatch(/build +create/);
  expect(await heroku('webhooks:events:info', first?.webhook_metadata.event.id ?? '')).toContain('"action": "create"');

  await heroku('webhooks:update', id, '-i', 'dyno', '-l', 'notify', '-u', `${receiver.url}/other`, '-s', 'abc');
  expect(await heroku('webhooks:info', id)).toMatch(/Include: +api:dyno[^]*Level: +notify[^]*\/other/);
  await heroku('webhooks:remove', id);
  expect(await heroku('webhooks')).toContain('hooked has no webhooks');
  const wrong = await cli.run(
    ['webhooks:add', '-i', 'api:everything', '-l', 'sync', '-u', receiver.url, '--app', 'hooked'],
    app.dir,
  );
  expect(wrong.exitCode).not.toBe(0);
  expect(wrong.stderr.replace(/[\s›]+/g, ' ')).toContain('must list entries among api:addon');
});

it('what was noted before kill -9 is told after it, once the receiver is there', async () => {
  const app = await rig.createApp();
  let port: number;
  {
    await using placeholder = await HttpReceiver.start();
    ({ port } = placeholder);
  }
  const url = `http://localhost:${port}/`;
  const webhook = { include: ['api:app', 'api:release'], level: 'sync', url };
  expect((await rig.api('POST', `/apps/${app.name}/webhooks`, webhook)).status).toBe(201);
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { A: '1' });
  await rig.api('PATCH', `/apps/${app.name}`, { maintenance: true });
  await rig.killServer();
  await using receiver = await HttpReceiver.start({ port });
  await rig.startServer();
  await eventually('both', () => Promise.resolve(told(receiver).length >= 2));
  expect(
    told(receiver)
      .map(({ resource }) => resource)
      .sort(),
  ).toEqual(['app', 'release']);
  expect(receiver.requests.map(({ body }) => body.toString()).join()).not.toContain('"A":"1"');

  // Cut short in the middle of an attempt: made again, as the same delivery.
  receiver.answer = () => 'silence';
  const before = receiver.requests.length;
  await rig.api('PATCH', `/apps/${app.name}`, { maintenance: false });
  await eventually('the attempt', () => Promise.resolve(receiver.requests.length > before));
  await rig.killServer();
  receiver.answer = () => 204;
  await rig.startServer();
  await eventually('the second attempt', () => Promise.resolve(told(receiver).length === 3));
  const [cut, again] = receiver.requests.slice(before).map(({ body }) => JSON.parse(body.toString()) as Told);
  expect(again?.webhook_metadata.delivery.id).toBe(cut?.webhook_metadata.delivery.id);
  await rig.api('DELETE', `/apps/${app.name}`);
  await eventually('the end of the app', () =>
    Promise.resolve(told(receiver).some(({ action }) => action === 'destroy')),
  );
});
