import { expect, it } from '@jest/globals';
import { FairSlots } from '../../../src/lib/fair-slots.ts';

it('gives the next free slot to whoever has the fewest, and among equals to who came first', async () => {
  const slots = new FairSlots<string>(2);
  const { signal } = new AbortController();
  const order: string[] = [];
  const take = (owner: string): Promise<Disposable> =>
    slots
      .take(owner, signal, () => order.push(`${owner} waits`))
      .then((slot) => {
        order.push(owner);
        return slot;
      });
  const [first, second] = [await take('ada'), await take('ada')];
  const [third, fourth] = [take('ada'), take('bob')];
  const fifth = take('cleo');

  first[Symbol.dispose]();
  (await fourth)[Symbol.dispose]();
  (await fifth)[Symbol.dispose]();
  (await third)[Symbol.dispose]();
  second[Symbol.dispose]();

  expect(order).toEqual(['ada', 'ada', 'ada waits', 'bob waits', 'cleo waits', 'bob', 'cleo', 'ada']);
  expect([slots.taken, slots.waiting]).toEqual([0, 0]);
});

it('lets go who does not wait any longer, and does not count it', async () => {
  const slots = new FairSlots<string>(1);
  const [patient, gone] = [new AbortController(), new AbortController()];
  const first = await slots.take('ada', patient.signal, () => undefined);
  const waiting = slots.take('bob', gone.signal, () => undefined);
  gone.abort();
  (await waiting)[Symbol.dispose]();
  expect([slots.taken, slots.waiting]).toEqual([1, 0]);
  (await slots.take('cleo', gone.signal, () => undefined))[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(slots.taken).toBe(0);
});
