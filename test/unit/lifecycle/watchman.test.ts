import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Watchman, type Platform } from '../../../src/lifecycle/index.ts';
import type { DynoId, DynoName, ProcessType } from '../../../src/model/ids.ts';
import { Notices } from '../../../src/webhook/index.ts';
import { eventually } from '../../rig/platform-rig.ts';
import { ApiRig } from '../api/api-rig.ts';

interface Received {
  readonly cause: string;
  readonly message: string;
  readonly app: { readonly name: string } | null;
}

const secret = 'sixteen characters';

/** Refuses the first request, as a receiver that is being restarted. */
async function receiver() {
  const taken: Received[] = [];
  const forged: string[] = [];
  let calls = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      calls += 1;
      const signature = createHmac('sha256', secret).update(body).digest('base64');
      if (request.headers['heroku-webhook-hmac-sha256'] !== signature) forged.push(body);
      response.writeHead(calls === 1 ? 503 : 204).end();
      if (calls > 1) taken.push(JSON.parse(body) as Received);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/notices`;
  return { url, taken, forged, [Symbol.dispose]: () => server.close() };
}

it('tells of crash loops, a full disk and old backups once, in the logs and to the receiver, across restarts', async () => {
  await using rig = await ApiRig.start();
  using hook = await receiver();
  const app = await rig.createApp('looping');
  const release = await rig.deploy(app);
  const at = new Date();
  await rig.platform.store.dynos.save({
    ...{ id: randomUUID() as DynoId, appId: app.id, name: 'web.1' as DynoName, type: 'web' as ProcessType },
    ...{ releaseId: release.id, size: 'basic', command: 'false', port: null, state: 'crashed', exit: null },
    ...{ crashes: 4, restartAt: new Date(at.getTime() + 600_000), createdAt: at, updatedAt: at },
  });
  const last = { usedBytes: 95 * 1024 ** 2, quotaBytes: 100 * 1024 ** 2 };
  const disk = { root: rig.platform.disk.root, limits: { reserveBytes: Number.MAX_SAFE_INTEGER }, last };
  const platform = { ...rig.platform, disk } as unknown as Platform;
  await writeFile(join(disk.root, 'last-backup'), '2020-01-02T03:04:05.000Z\n');
  const { store, outbound, logs } = platform;
  const open = async () => {
    const limits = { retryMs: 30 };
    const notices = new Notices({ store, outbound, log: logs.platform, limits, receiver: { url: hook.url, secret } });
    await notices.start();
    const watchman = new Watchman(platform, notices, { everyMs: 20, backupMaxDays: null, certificate: null });
    watchman.start();
    return async () => {
      await watchman[Symbol.asyncDispose]();
      await notices[Symbol.asyncDispose]();
    };
  };

  const close = await open();
  await eventually('all causes are told', () => Promise.resolve(hook.taken.length >= 4));
  await close();
  const reopened = await open();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await reopened();

  expect(hook.taken.map(({ cause }) => cause).sort()).toEqual([
    'backup-old',
    `crash-loop:${app.id}:web`,
    'disk-quota',
    'disk-reserve',
  ]);
  expect(hook.forged).toEqual([]);
  const crash = hook.taken.find(({ cause }) => cause.startsWith('crash-loop'));
  expect(crash).toMatchObject({
    app: { name: 'looping' },
    message: expect.stringContaining('web.1 of looping has crashed 4 times in a row. It is started again at 20'),
  });
  const { json } = await rig.api('POST', '/apps/looping/log-sessions', { lines: 100 });
  const log = await (
    await fetch(`${rig.url}${new URL((json as { logplex_url: string }).logplex_url).pathname}`)
  ).text();
  expect(log.match(/heroku\[web\.1\]: web\.1 of looping has crashed 4 times/g)).toHaveLength(1);
});

it('goes on after a restart with what nobody took, and tells a cause again when it lasts', async () => {
  await using rig = await ApiRig.start();
  using hook = await receiver();
  const { store, outbound, logs } = rig.platform;
  const notice = { cause: 'some-cause', message: 'It is so.', appName: null };
  const parts = { store, outbound, log: logs.platform };
  const away = new Notices({ ...parts, receiver: { url: 'http://127.0.0.1:9/', secret }, limits: { retryMs: 200 } });
  await away.start();
  expect([await away.tell(notice), await away.tell(notice)]).toEqual([true, false]);
  await eventually('it was tried', async () => ((await store.notices.nextToSend())?.attempts ?? 0) > 0);
  await away[Symbol.asyncDispose]();
  expect(hook.taken).toEqual([]);

  const limits = { retryMs: 30, periodMs: 0 };
  const notices = new Notices({ ...parts, receiver: { url: hook.url, secret }, limits });
  await notices.start();
  await eventually('it is sent', () => Promise.resolve(hook.taken.length === 1));
  expect(await notices.tell(notice)).toBe(true);
  await eventually('it is sent again', () => Promise.resolve(hook.taken.length === 2));
  await notices[Symbol.asyncDispose]();
});
