import { expect, it } from '@jest/globals';
import { createRelease, describeConfigChange } from '../../../src/release/index.ts';
import { createApp, RememberingLog, temporaryStore } from '../../rig/store.ts';

const common = { slugId: null, configVars: null, status: 'succeeded' as const };

it('numbers releases and tells the app log of each in two lines with one timestamp', async () => {
  await using rig = await temporaryStore();
  const { store } = rig;
  const logs = new RememberingLog();
  const account = await store.accounts.create({ email: 'ada@example.com' });
  const actor = { accountId: account.id, email: account.email };
  const app = await createApp(store, account.id, 'quiet-meadow');

  const first = await store.transaction(async (tx) => {
    const release = await createRelease({ ...common, app, actor, description: 'Initial release' }, tx, logs);
    expect(logs.lines).toEqual([]);
    return release;
  });
  const description = describeConfigChange(['FOO', 'BAR'], []);
  await store.transaction((tx) => createRelease({ ...common, app, actor, description }, tx, logs));

  expect(first).toMatchObject({ version: 1, description: 'Initial release', userEmail: 'ada@example.com' });
  expect(logs.lines.map((line) => `${line.source}[${line.process}]: ${String(line.message)}`)).toEqual([
    'app[api]: Initial release by user ada@example.com',
    'app[api]: Release v1 created by user ada@example.com',
    'app[api]: Set FOO, BAR config vars by user ada@example.com',
    'app[api]: Release v2 created by user ada@example.com',
  ]);
  expect(logs.lines[0]?.atMicros).toBe(logs.lines[1]?.atMicros);
  expect(logs.lines[0]?.atMicros).toBe(BigInt(first.createdAt.getTime()) * 1000n);
});

it('says nothing of a release that was rolled back, and gives its number to the next one', async () => {
  await using rig = await temporaryStore();
  const { store } = rig;
  const logs = new RememberingLog();
  const account = await store.accounts.create({ email: 'ada@example.com' });
  const actor = { accountId: account.id, email: account.email };
  const app = await createApp(store, account.id, 'quiet-meadow');

  const failing = store.transaction(async (tx) => {
    await createRelease({ ...common, app, actor, description: 'Deploy aaaaaaaa' }, tx, logs);
    throw new Error('the disk is full');
  });

  await expect(failing).rejects.toThrow('the disk is full');
  expect(logs.lines).toEqual([]);
  const forged = 'Deploy\r\n2026-01-01T00:00:00+00:00 heroku[web.1]: State changed\u0000';
  const next = await store.transaction((tx) => createRelease({ ...common, app, actor, description: forged }, tx, logs));
  expect(next).toMatchObject({
    version: 1,
    description: 'Deploy 2026-01-01T00:00:00+00:00 heroku[web.1]: State changed',
  });
});

it.each([
  [['FOO'], [], 'Set FOO config vars'],
  [['FOO', 'BAR'], [], 'Set FOO, BAR config vars'],
  [[], ['FOO'], 'Remove FOO config vars'],
  [['FOO', 'BAR'], ['BAZ'], 'Set FOO, BAR, Remove BAZ config vars'],
])('describes the change of %j and the removal of %j', (set, removed, description) => {
  expect(describeConfigChange(set, removed)).toBe(description);
});

it('counts the keys of a very large change', () => {
  const keys = Array.from({ length: 25 }, (_, i) => `K${i}`);

  expect(describeConfigChange(keys, [])).toMatch(/^Set K0, .* K19 and 5 more config vars$/);
});
