import type { HostCommand } from './types.ts';

/** The message that supervisor.c reads from its standard input: every field with its length, so that nothing needs quoting. */
export function encodeJob(command: HostCommand, folder = ''): Buffer {
  const fields = [
    Buffer.from(folder),
    Buffer.from(String(command.uid ?? 0)),
    Buffer.from(`${command.privatePids === true ? 'p' : ''}${command.hasTerminal === true ? 't' : ''}`),
    encodeWords([
      ...(command.setup ?? []),
      ...Object.entries(command.env).flatMap(([name, value]) => ['env', `${name}=${value}`]),
      'exec',
      command.file,
      ...command.args,
    ]),
    ...(command.inputs ?? []).map((input) => Buffer.from(input)),
  ];
  const body = Buffer.concat(fields.flatMap((field) => [uint32(field.length), field]));
  return Buffer.concat([uint32(body.length), body]);
}

/** An order to the supervisor of an attached command: `s` and a signal's number, or `r` and the terminal's new columns and rows. */
export function encodeOrder(letter: 's' | 'r', first: number, second = 0): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write(letter, 'latin1');
  [first, second].forEach((number, index) => {
    if (endianness === 'little') bytes.writeUInt16LE(number, 1 + 2 * index);
    else bytes.writeUInt16BE(number, 1 + 2 * index);
  });
  return bytes;
}

/** Words for the steps of sandbox-steps.h and for bubblewrap's `--args`: each ends in NUL, so none may hold one. */
export function encodeWords(words: readonly string[]): Buffer {
  const bad = words.find((word) => word.includes('\0'));
  if (bad !== undefined) throw new Error('Internal: a command or its environment holds a NUL byte');
  return Buffer.from(words.map((word) => `${word}\0`).join(''));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (endianness === 'little') bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

const endianness = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 'little' : 'big';
