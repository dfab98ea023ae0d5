import { expect, it } from '@jest/globals';
import { GuessLimit, type Guess } from '../../../src/account/index.ts';
import { PlatformError } from '../../../src/errors/platform-error.ts';

const right = 'right one';

function limitAt() {
  const clock = { now: 0 };
  const pauses: unknown[] = [];
  const limit = new GuessLimit({ now: () => clock.now, onPause: (pause) => pauses.push(pause) });
  /** `right`, `wrong`, or the seconds to wait. */
  const guess = async (address: string, secret: string, account: string | null = null): Promise<unknown> => {
    const made: Guess = { address, secret, account };
    try {
      const found = await limit.attempt(
        made,
        () => Promise.resolve(secret.startsWith(right) ? secret : null),
        () => 'ada@example.com',
      );
      return found === null ? 'wrong' : 'right';
    } catch (error) {
      if (error instanceof PlatformError && error.id === 'rate_limit') return error.retryAfterSeconds;
      throw error;
    }
  };
  const wrongOnes = async (count: number, address: (n: number) => string, account: string | null = null) => {
    for (let n = 0; n < count; n += 1) await guess(address(n), `wrong ${clock.now} ${n}`, account);
  };
  return { clock, guess, wrongOnes, pauses };
}

it('stops an address that guesses at tokens, for longer each time, and no other address', async () => {
  const { clock, guess, wrongOnes, pauses } = limitAt();
  await guess('192.0.2.1', `${right} of a neighbour`);
  await wrongOnes(30, () => '192.0.2.1');

  expect(await guess('192.0.2.1', right)).toBe(30);
  expect(await guess('192.0.2.1', `${right} of a neighbour`)).toBe('right');
  expect(await guess('192.0.2.2', right)).toBe('right');
  const waits: unknown[] = [];
  for (let n = 0; n < 8; n += 1) {
    clock.now += Number(await guess('192.0.2.1', `x ${n}`)) * 1000;
    expect(await guess('192.0.2.1', `again ${n}`)).toBe('wrong');
    waits.push(await guess('192.0.2.1', right));
  }
  expect(waits).toEqual([60, 120, 240, 480, 900, 900, 900, 900]);
  expect(pauses[0]).toEqual({ address: '192.0.2.1', wrong: 30, pauseMs: 30_000 });
  clock.now += 30 * 60_000;
  expect(await guess('192.0.2.1', 'wrong again')).toBe('wrong');
  expect(await guess('192.0.2.1', right)).toBe('right');
});

it('takes the same wrong token again and again for one guess, and all of an IPv6 network for one client', async () => {
  const { guess, wrongOnes } = limitAt();
  for (let n = 0; n < 200; n += 1) expect(await guess('192.0.2.1', 'a revoked token')).toBe('wrong');
  expect(await guess('192.0.2.1', right)).toBe('right');

  await wrongOnes(30, (n) => `2001:db8:0:7:${n.toString(16)}::1`);
  expect(await guess('2001:db8::7:ffff:0:0:9', right)).toBe(30);
  expect(await guess('2001:db8:0:8::1', right)).toBe('right');
  await wrongOnes(30, () => '::ffff:192.0.2.9');
  expect(await guess('192.0.2.9', right)).toBe(30);
});

it('stops the guessing of one password, from one address and from many, and locks nobody out by it', async () => {
  const { clock, guess, wrongOnes } = limitAt();
  await guess('192.0.2.7', `${right}: the owner's token at home`);
  await wrongOnes(10, () => '192.0.2.1', 'Ada@example.com');
  expect(await guess('192.0.2.1', right, 'ada@example.com')).toBe(30);
  expect(await guess('192.0.2.1', right, 'bob@example.com')).toBe('right');
  expect(await guess('192.0.2.2', right, 'ada@example.com')).toBe('right');

  await wrongOnes(120, (n) => `198.51.100.${n}`, 'ada@example.com');
  // The network of the owner has been seen before; a new one waits for a moment.
  expect(await guess('192.0.2.7', right, 'ada@example.com')).toBe('right');
  expect(await guess('203.0.113.1', right, 'ada@example.com')).toBe(10);
  expect(await guess('203.0.113.1', right, 'bob@example.com')).toBe('right');
  clock.now += 10_000;
  expect(await guess('203.0.113.1', right, 'ada@example.com')).toBe('right');
});

it('forgets no wrong guess because a right one came between, and counts none that could not be judged', async () => {
  const { guess, wrongOnes } = limitAt();
  for (let n = 0; n < 15; n += 1) {
    await wrongOnes(2, () => '192.0.2.1', `victim-${n}@example.com`);
    await guess('192.0.2.1', `${right} ${n}`, 'mallory@example.com');
  }
  expect(await guess('192.0.2.1', right, 'somebody@example.com')).toBe(30);

  const limit = new GuessLimit();
  const attempt = () =>
    limit.attempt({ address: '192.0.2.1', secret: 'x', account: 'ada@example.com' }, () =>
      Promise.reject(new Error('the database is away')),
    );
  for (let n = 0; n < 50; n += 1) await expect(attempt()).rejects.toThrow('the database is away');
});

it('lets a burst of right ones through, and no burst of wrong ones', async () => {
  const { guess } = limitAt();
  const burst = await Promise.all(Array.from({ length: 200 }, () => guess('192.0.2.1', right)));
  expect(new Set(burst)).toEqual(new Set(['right']));
  const wrong = await Promise.all(Array.from({ length: 50 }, (_, n) => guess('192.0.2.2', `${n}`, 'ada@example.com')));
  expect(wrong.filter((answer) => answer === 'wrong')).toHaveLength(10);
});
