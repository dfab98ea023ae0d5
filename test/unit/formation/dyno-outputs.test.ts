import { expect, it } from '@jest/globals';
import { DynoOutputs } from '../../../src/formation/index.ts';
import type { DynoOutput } from '../../../src/model/dyno.ts';
import type { AppId, DynoId, DynoName } from '../../../src/model/ids.ts';

function output(dynoId: string, bytes: Buffer | string): DynoOutput {
  const of = { dynoId: dynoId as DynoId, appId: 'a' as AppId, name: 'web.1' as DynoName };
  return { ...of, atMicros: 0n, cursor: 0, droppedLines: 0, bytes: Buffer.from(bytes) };
}

it('remembers the last 20 lines of each dyno, whole characters, an unfinished one included', () => {
  const outputs = new DynoOutputs();
  outputs.handle(output('other', 'no\n'));
  for (let n = 1; n <= 30; n += 1) outputs.handle(output('one', `line ${n}\n`));
  const euro = Buffer.from('cost: 5 €');
  outputs.handle(output('one', euro.subarray(0, -1)));
  outputs.handle(output('one', euro.subarray(-1)));

  const lines = outputs.lastLines('one' as DynoId);

  expect(lines).toHaveLength(20);
  expect(lines.slice(-2)).toEqual(['line 30', 'cost: 5 €']);
  expect(outputs.lastLines('nobody' as DynoId)).toEqual([]);
});

it('cuts long lines and forgets the dynos that wrote longest ago', () => {
  const outputs = new DynoOutputs();
  outputs.handle(output('first', `${'x'.repeat(100_000)}\n`));
  expect(outputs.lastLines('first' as DynoId)).toEqual(['x'.repeat(500)]);
  for (let n = 0; n < 1_000; n += 1) outputs.handle(output(`dyno-${n}`, 'x\n'));
  expect(outputs.lastLines('first' as DynoId)).toEqual([]);
});
