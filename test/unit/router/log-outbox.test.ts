import { expect, it } from '@jest/globals';
import type { AppId } from '../../../src/model/ids.ts';
import { LogOutbox } from '../../../src/router/log-outbox.ts';

const app = 'app' as AppId;
const texts = (outbox: LogOutbox) => {
  const batch = outbox.nextBatch();
  return { id: batch?.id ?? 0, lines: batch?.apps.flatMap(({ lines }) => lines) ?? [] };
};

it('keeps lines until they are acknowledged, and sends them again after a broken connection', () => {
  const outbox = new LogOutbox(() => undefined);
  outbox.append(app, 'one');
  outbox.append(app, 'two');
  const first = texts(outbox);
  expect(first.lines.map(({ position, message }) => [position, message])).toEqual([
    [1, 'one'],
    [2, 'two'],
  ]);
  outbox.append(app, 'three');
  expect(outbox.nextBatch()).toBeNull();

  outbox.rewind();
  const again = texts(outbox);
  expect(again.lines.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
  outbox.acknowledge(first.id);
  expect(outbox.isEmpty).toBe(false);
  outbox.acknowledge(again.id);
  expect(outbox.isEmpty).toBe(true);
});

it('drops the oldest lines when it is full and says how many, once, in their place', () => {
  const outbox = new LogOutbox(() => undefined, { bytesPerApp: 100 * 74, bytes: 1_000_000, linesPerBatch: 50 });
  for (let i = 0; i < 20; i++) outbox.append(app, `early ${i}`.padEnd(10));
  const underWay = texts(outbox);
  for (let i = 0; i < 200; i++) outbox.append(app, `late ${i}`.padEnd(10));
  outbox.acknowledge(underWay.id);

  const delivered = [...underWay.lines];
  for (let batch = texts(outbox); batch.lines.length > 0; batch = texts(outbox)) {
    delivered.push(...batch.lines);
    outbox.acknowledge(batch.id);
  }

  const told = delivered.filter(({ process }) => process === 'logplex');
  expect(told).toHaveLength(1);
  const count = Number(
    /^Error L10 \(output buffer overflow\): (\d+) messages dropped since /.exec(told[0]?.message ?? '')?.[1],
  );
  expect(count + delivered.length - 1).toBe(220);
  expect(delivered.slice(0, 20).map(({ message }) => message.trim())).toEqual(
    Array.from({ length: 20 }, (_, i) => `early ${i}`),
  );
  const positions = delivered.map(({ position }) => position);
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  expect(delivered.at(-1)?.message.trim()).toBe('late 199');
});
