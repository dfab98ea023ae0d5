import { describe, expect, it } from '@jest/globals';
import { authorizeApp, hostNames, parseAppName, randomAppName } from '../../../src/app/index.ts';
import type { AppId } from '../../../src/model/ids.ts';
import { createApp, temporaryStore } from '../../rig/store.ts';

const pattern =
  'Name must start with a letter, end with a letter or digit and can only contain lowercase letters, digits, and dashes.';

describe('an app name', () => {
  it.each(['abc', 'a--b', 'a1-2', 'x'.repeat(30), 'quiet-meadow-41532'])('may be %s', (name) => {
    expect(parseAppName(name)).toBe(name);
  });

  it.each([
    ['', 'Name is too short (minimum is 3 characters)'],
    ['ab', 'Name is too short (minimum is 3 characters)'],
    ['x'.repeat(31), 'Name is too long (maximum is 30 characters)'],
    ['1abc', pattern],
    ['-abc', pattern],
    ['abc-', pattern],
    ['Abc', pattern],
    ['a_b', pattern],
    ['a.b', pattern],
    ['abc\n', pattern],
    ['../etc', pattern],
    ['café', pattern],
    ['xn--caf-dma', 'Name must not start with xn--. Choose another name.'],
    ['api', 'Name api is reserved for the platform. Choose another name.'],
    ['git', 'Name git is reserved for the platform. Choose another name.'],
    ['localhost', 'Name localhost is reserved for the platform. Choose another name.'],
  ])('may not be %j', (name, message) => {
    expect(() => parseAppName(name)).toThrow(expect.objectContaining({ id: 'invalid_params', message }));
  });

  it('that is made up reads well and is valid', () => {
    const names = Array.from({ length: 500 }, randomAppName);

    for (const name of names) expect(name).toMatch(/^[a-z]+-[a-z]+-[1-9]\d{4}$/);
    expect(names.map((name) => parseAppName(name))).toEqual(names);
    expect(new Set(names).size).toBeGreaterThan(490);
  });
});

it('opens an app by name or id to its owner, the operator and collaborators, and to nobody else', async () => {
  await using rig = await temporaryStore();
  const { store } = rig;
  const operator = await store.accounts.create({ email: 'admin@localhost' });
  const ada = await store.accounts.create({ email: 'ada@example.com' });
  const bob = await store.accounts.create({ email: 'bob@example.com' });
  const eve = await store.accounts.create({ email: 'eve@example.com' });
  const app = await createApp(store, ada.id, 'quiet-meadow');
  await store.collaborators.set(app.id, bob.id, ['view', 'deploy']);

  for (const account of [ada, operator]) {
    expect(await authorizeApp(store, account, 'quiet-meadow', 'owner')).toEqual(app);
    expect(await authorizeApp(store, account, app.id, ['view'])).toEqual(app);
    expect(await authorizeApp(store, account, app.id.toUpperCase(), ['manage'])).toEqual(app);
  }
  expect(await authorizeApp(store, bob, app.id, ['view'])).toEqual(app);
  expect(await authorizeApp(store, bob, app.id, ['operate', 'deploy'])).toEqual(app);
  await expect(authorizeApp(store, bob, app.id, ['operate', 'manage'])).rejects.toMatchObject({
    id: 'forbidden',
    message:
      'You do not have access to the app quiet-meadow: this needs the permission operate or manage, and you have view, deploy. Ask ada@example.com.',
  });
  await expect(authorizeApp(store, bob, app.id, 'owner')).rejects.toMatchObject({ id: 'forbidden' });
  const unknown = { id: 'not_found', resource: 'app', message: "Couldn't find that app." };
  await expect(authorizeApp(store, eve, app.id, ['view'])).rejects.toMatchObject(unknown);
  for (const name of ['nope', '', "' or 1=1 --", '00000000-0000-4000-8000-000000000000' as AppId]) {
    await expect(authorizeApp(store, ada, name, ['view'])).rejects.toMatchObject(unknown);
  }
  expect(hostNames(app, 'Example.com')).toEqual(['quiet-meadow.example.com']);
});
