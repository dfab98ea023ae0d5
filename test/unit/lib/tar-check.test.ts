import { expect, it } from '@jest/globals';
import { TarCheck, TarFault } from '../../../src/lib/tar-check.ts';

/** A header and its content, padded. */
function member(type: string, name: string, content: Buffer | string, size = content.length): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')} `, 124);
  header.write(type, 156);
  header.write('ustar\u000000', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const limits = { maxBytes: 1000, maxEntries: 10, folder: './app' };
const attribute = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  const length = rest.length + 2;
  return `${length}${rest}`;
};

function check(...members: readonly Buffer[]): TarCheck {
  const tar = new TarCheck(limits);
  tar.push(Buffer.concat([...members, Buffer.alloc(1024)]));
  tar.end();
  return tar;
}

it('takes long names as GNU tar and others write them', () => {
  const name = './app/long';
  expect(check(member('L', '././@LongLink', `${name}\0`), member('0', 'x', 'content')).entries).toBe(1);
  expect(check(member('x', 'pax', attribute('path', './app/12345678')), member('0', 'x', 'content')).entries).toBe(1);
});

it('reads no header as a part of another one, whatever sizes the attributes claim', () => {
  const claim = member('x', 'pax', attribute('size', '12345678'));
  const hidden = member('0', './app/big', Buffer.alloc(2000));
  expect(() => check(claim, member('L', '././@LongLink', './app/a\0'), hidden)).toThrow(TarFault);
  const small = member('x', 'pax', attribute('size', '00000000'));
  expect(() => check(small, member('0', './app/big', ''), hidden)).toThrow('more than 1000 bytes');
});

it('refuses a file with two names, of which readers take different ones', () => {
  const long = (name: string): Buffer => member('L', '././@LongLink', `${name}\0`);
  expect(() => check(long('./app/a'), long('./evil/outside'), member('0', 'x', ''))).toThrow('two names');
  const pax = member('x', 'pax', attribute('path', './app/12345678'));
  expect(() => check(pax, pax, member('0', 'x', ''))).toThrow('two names');
  expect(() => check(long('./app/a'), pax, member('0', 'x', ''))).toThrow('two names');
});

it('bounds what names and attributes need', () => {
  const global = member('g', 'pax', attribute('comment', '1234567').repeat(40_000));
  expect(() => check(global, global, global)).toThrow('far too long in all');
});
