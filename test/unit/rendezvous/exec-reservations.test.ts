import { expect, it } from '@jest/globals';
import ssh2 from 'ssh2';
import type { AccountId, AppId, AuthorizationId, DynoName } from '../../../src/model/ids.ts';
import { ExecReservations, type ExecReservation } from '../../../src/rendezvous/exec-reservations.ts';

const key = ssh2.utils.parseKey(ssh2.utils.generateKeyPairSync('ed25519').public);
if (key instanceof Error || Array.isArray(key)) throw new Error('the key can not be read');

const of = (accountId: string): ExecReservation => ({
  appId: 'app' as AppId,
  dyno: 'web.1' as DynoName,
  accountId: accountId as AccountId,
  authorizationId: 'authorization' as AuthorizationId,
  key,
});

it('lets one account push out none but its own, and keeps none that has expired', () => {
  let now = 0;
  const reservations = new ExecReservations(() => now);
  const other = reservations.add(of('alice'));
  const [first = '', second = ''] = Array.from({ length: 1_100 }, () => reservations.add(of('bob'))).slice(-101);

  expect(reservations.size).toBe(101);
  expect([other, first, second].map((user) => reservations.find(user)?.accountId)).toEqual(['alice', undefined, 'bob']);

  now += 86_400_000;
  expect(reservations.find(other)).toBeNull();
  const fresh = reservations.add(of('carol'));
  expect(reservations.size).toBe(1);
  expect(reservations.find(fresh)?.accountId).toBe('carol');
});
