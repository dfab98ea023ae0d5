import { networkInterfaces } from 'node:os';
import { expect, it } from '@jest/globals';
import { isPublicAddress } from '../../../src/lib/public-address.ts';

it('takes addresses of the internet for public, and no other, however it is written', () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address),
  );
  const inside = [
    ...[
      '0.0.0.0',
      '10.0.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '127.9.9.9',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...['192.168.1.1', '198.18.0.1', '203.0.113.7', '224.0.0.1', '240.0.0.1', '255.255.255.255', 'localhost', ''],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '64:ff9b::7f00:1',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
    ],
    ...['2001:db8::1', '2002:7f00:1::', '2001::1', '3fff::1'],
    ...own,
  ];
  expect(inside.filter(isPublicAddress)).toEqual([]);
  const outside = ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'];
  expect(outside.filter((address) => !isPublicAddress(address))).toEqual([]);
});
