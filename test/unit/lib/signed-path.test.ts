import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { PathSigner } from '../../../src/lib/signed-path.ts';

it('opens one path, for one method, until one moment, to who has the whole of it', () => {
  const key = randomBytes(32);
  const signer = new PathSigner(key);
  const expiresAt = new Date(Date.now() + 60_000);
  const signed = signer.sign('PUT', '/sources/1.tgz', expiresAt);

  expect(new PathSigner(key).check('PUT', signed)).toBe('valid');
  expect(signer.check('PUT', signed, expiresAt.getTime() + 1)).toBe('expired');
  expect(signer.check('GET', signed)).toBe('forged');
  expect(new PathSigner(randomBytes(32)).check('PUT', signed)).toBe('forged');
  const later = signed.replace(/expires=\d+/, `expires=${Math.floor(Date.now() / 1000) + 9_999}`);
  for (const forged of [
    '',
    '/sources/1.tgz',
    signed.replace('1.tgz', '2.tgz'),
    signed.slice(0, -1),
    `${signed}&x=1`,
    later,
  ]) {
    expect([forged, signer.check('PUT', forged)]).toEqual([forged, 'forged']);
  }
});
