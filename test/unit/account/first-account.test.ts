import { expect, it } from '@jest/globals';
import {
  authenticate as authenticateToken,
  ensureFirstAccount,
  hashToken,
  newToken,
} from '../../../src/account/index.ts';
import type { Account } from '../../../src/model/account.ts';
import type { Store } from '../../../src/store/index.ts';
import { temporaryStore } from '../../rig/store.ts';

async function addToken(store: Store, account: Account, token: string): Promise<void> {
  const rest = { hint: null, description: 'laptop', scopes: ['global'], expiresAt: null } as const;
  await store.authorizations.create({ ...rest, accountId: account.id, hash: hashToken(token) });
}

async function authenticate(store: Store, token: string): Promise<Account | null> {
  return (await authenticateToken(store, token))?.account ?? null;
}

it('makes the first account once, and lets in who holds its token', async () => {
  await using rig = await temporaryStore();
  const first = { email: 'admin@localhost', token: newToken() };

  const account = await ensureFirstAccount(rig.store, first);
  const again = await Promise.all([ensureFirstAccount(rig.store, first), ensureFirstAccount(rig.store, first)]);

  expect(again).toEqual([account, account]);
  expect(await rig.store.authorizations.list(account.id)).toHaveLength(1);
  expect(await authenticate(rig.store, first.token)).toEqual(account);
  for (const wrong of [
    '',
    newToken(),
    first.token.toLowerCase(),
    `${first.token} `,
    hashToken(first.token),
    'x'.repeat(5_000),
  ]) {
    expect(await authenticate(rig.store, wrong)).toBeNull();
  }
});

it('follows a changed token and e-mail, there and back, and leaves other tokens alone', async () => {
  await using rig = await temporaryStore();
  const { store } = rig;
  const account = await ensureFirstAccount(store, { email: 'admin@localhost', token: 'old' });
  await addToken(store, account, 'laptop');

  const changed = await ensureFirstAccount(store, { email: 'ada@example.com', token: 'new' });

  expect(changed).toMatchObject({ id: account.id, email: 'ada@example.com' });
  expect(await authenticate(store, 'old')).toBeNull();
  expect(await authenticate(store, 'new')).toEqual(changed);
  expect(await authenticate(store, 'laptop')).toEqual(changed);

  await ensureFirstAccount(store, { email: 'ada@example.com', token: 'old' });
  expect(await authenticate(store, 'old')).toEqual(changed);
  expect(await authenticate(store, 'new')).toBeNull();
});

it("changes nothing when the token or the e-mail is another account's", async () => {
  await using rig = await temporaryStore();
  const { store } = rig;
  const admin = await ensureFirstAccount(store, { email: 'admin@localhost', token: 'admin' });
  const bob = await store.accounts.create({ email: 'bob@example.com' });
  await addToken(store, bob, 'bob');

  await expect(ensureFirstAccount(store, { email: 'admin@localhost', token: 'bob' })).rejects.toMatchObject({
    id: 'conflict',
  });
  await expect(ensureFirstAccount(store, { email: 'Bob@example.com', token: 'admin' })).rejects.toMatchObject({
    id: 'invalid_params',
  });

  expect(await authenticate(store, 'admin')).toEqual(admin);
  expect(await authenticate(store, 'bob')).toEqual(bob);
});

it("makes tokens that look like Heroku's and are never alike", () => {
  const tokens = new Set(Array.from({ length: 100 }, newToken));

  expect(tokens.size).toBe(100);
  for (const token of tokens)
    expect(token).toMatch(/^HRKU-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
