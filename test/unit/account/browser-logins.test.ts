import { expect, it } from '@jest/globals';
import { BrowserLogins } from '../../../src/account/index.ts';
import type { AccountId } from '../../../src/model/ids.ts';

const accountId = 'ada' as AccountId;

it('forgets a login after 10 minutes, answered or not, and once its answer is handed over', () => {
  let now = 0;
  const logins = new BrowserLogins(() => now);
  const { login: late } = logins.begin('late', '10.0.0.1');
  const { login, token } = logins.begin('laptop', '10.0.0.1');

  expect([login.isBegunWith(token), login.isBegunWith('HRKU-other'), login.isBegunWith('')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(login.take()).toBe(false);
  expect(login.settle({ is: 'approved', accountId })).toBe(true);
  expect(login.settle({ is: 'refused' })).toBe(false);
  expect([login.take(), login.take()]).toEqual([true, false]);
  expect(logins.find(login.id)).toBeNull();
  now = 10 * 60_000 - 1;
  expect(logins.find(late.id)).toBe(late);
  expect(logins.timeLeft(late)).toBe(1);
  now += 1;
  expect(logins.find(late.id)).toBeNull();
});

it('lets no address begin more than 100 logins, and others go on meanwhile', () => {
  let now = 0;
  const logins = new BrowserLogins(() => now);
  for (let n = 0; n < 100; n += 1) logins.begin('flood', '10.0.0.1');

  expect(() => logins.begin('flood', '10.0.0.1')).toThrow(/Too many logins by browser .*10\.0\.0\.1/);
  expect(logins.begin('laptop', '10.0.0.2').login.isWaiting).toBe(true);
  now = 10 * 60_000;
  expect(logins.begin('later', '10.0.0.1').login.isWaiting).toBe(true);
});
