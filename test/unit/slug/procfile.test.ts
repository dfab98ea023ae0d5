import { expect, it } from '@jest/globals';
import { parseProcfile } from '../../../src/slug/index.ts';

const parse = (text: string): ReturnType<typeof parseProcfile> => parseProcfile(Buffer.from(text));

it('reads types in the order in which they are declared', () => {
  expect(
    parse('web: gunicorn app:app --port $PORT\nrelease:\t./migrate && echo "done: yes"\nmy-worker_2:run\n'),
  ).toEqual({
    types: { web: 'gunicorn app:app --port $PORT', release: './migrate && echo "done: yes"', 'my-worker_2': 'run' },
    warnings: [],
  });
});

it('takes what editors and old versions write', () => {
  const { types, warnings } = parse('\uFEFFweb:  a  \r\n\r\n# x: y\r\n  worker b\rclock\t: c\n');
  expect(types).toEqual({ web: 'a', worker: 'b', clock: ': c' });
  expect(warnings).toEqual([]);
});

it('lets the last of two lines win and names what it leaves out', () => {
  const { types, warnings } = parse('web: a\nweb: b\n???\nempty:\n__proto__: x\nw$b: c\n');
  expect(types).toEqual({ web: 'b' });
  expect(Object.keys(types)).toEqual(['web']);
  expect(warnings).toHaveLength(5);
  expect(warnings[0]).toBe('Procfile declares web twice; line 2 counts.');
});

it('has limits', () => {
  expect(parse(`web: ${'x'.repeat(300_000)}`).types).toEqual({});
  expect(parse(`${'t'.repeat(129)}: x\nweb: ${'x'.repeat(17_000)}`).types).toEqual({});
  const many = Array.from({ length: 150 }, (_, index) => `t${index}: x`).join('\n');
  const { types, warnings } = parse(many);
  expect(Object.keys(types)).toHaveLength(100);
  expect(warnings).toHaveLength(20);
  expect(parseProcfile(Buffer.from([0xff, 0xfe, 0x0a, 0x77, 0x3a, 0x20, 0x78])).types).toEqual({ w: 'x' });
});

it('says once what is no text, and shows lines without their control characters', () => {
  const warningsOf = (bytes: Buffer): readonly string[] => parseProcfile(bytes).warnings;
  expect(warningsOf(Buffer.from('\uFEFFweb: a\r\nworker: b\r\n', 'utf16le'))).toEqual([
    'The Procfile is ignored: it is encoded in UTF-16, as PowerShell does with `>`. Save it as plain text in UTF-8.',
  ]);
  expect(warningsOf(Buffer.from('\x7fELF\0\0\n?\n?\n'))).toEqual([
    'The Procfile is ignored: it is a binary file. Save it as plain text in UTF-8.',
  ]);
  expect(warningsOf(Buffer.from('"a"\u001b[31m\n'))).toEqual([
    `Procfile line 1 is ignored: it is not of the form 'type: command' ("a"\\u001b[31m).`,
  ]);
});
