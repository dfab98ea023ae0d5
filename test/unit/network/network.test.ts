import { expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/config/index.ts';
import { findResolver } from '../../../src/network/resolver.ts';
import { formatBlock, freeSubnets, overlap, parseBlock } from '../../../src/network/subnet.ts';

const filesOf = (files: Record<string, string>) => (path: string) => files[path] ?? null;

it('asks the machine’s name servers, those behind systemd-resolved, or the one on its loopback', () => {
  const upstream = { '/run/systemd/resolve/resolv.conf': 'nameserver 192.168.1.1\nsearch lan\n' };
  const stub = 'nameserver 127.0.0.53\noptions edns0\n';

  expect(findResolver(filesOf({ '/etc/resolv.conf': 'nameserver 9.9.9.9\nnameserver fd00::1\n' }))).toEqual({
    servers: ['9.9.9.9'],
    local: null,
    text: null,
  });
  expect(findResolver(filesOf({ '/etc/resolv.conf': stub, ...upstream }))).toEqual({
    servers: ['192.168.1.1'],
    local: null,
    text: 'nameserver 192.168.1.1\nsearch lan\n',
  });
  expect(findResolver(filesOf({ '/etc/resolv.conf': stub }))).toEqual({
    servers: [],
    local: '127.0.0.53',
    text: 'nameserver @\noptions edns0\n',
  });
});

it('takes no subnet that overlaps with one in use, and leaves a range that is routed away', () => {
  const used = [parseBlock('10.0.0.0/8'), parseBlock('172.17.0.1/16')];

  const found = [...freeSubnets(0x12345678, used)];

  expect(found.length).toBeGreaterThan(20);
  expect(found.filter((block) => used.some((other) => overlap(block, other)))).toEqual([]);
  expect(found.map(formatBlock).some((text) => text.startsWith('172.'))).toBe(true);
  expect(overlap(parseBlock('10.1.0.0/16'), parseBlock('10.1.255.255'))).toBe(true);
  expect(overlap(parseBlock('10.1.0.0/16'), parseBlock('10.2.0.0/16'))).toBe(false);
});

it('reads what the network opens, and names what can not be meant', () => {
  const openings = (value: string): unknown =>
    loadConfig({ HOKKU_NETWORK_ALLOW: value }, { isRoot: true, cwd: '/' }).networkOpenings;

  expect(openings('10.1.2.3:5432, 10.1.0.0/16 127.0.0.1:6379')).toEqual([
    { net: '10.1.2.3', port: 5432 },
    { net: '10.1.0.0/16', port: null },
    { net: '127.0.0.1', port: 6379 },
  ]);
  for (const bad of ['127.0.0.1', '127.0.0.0/8:80', '10.0.0.0/33', '10.0.0.1:0', 'db.internal:5432', '10.0.0.1;drop'])
    expect(() => openings(bad)).toThrow('HOKKU_NETWORK_ALLOW=');
});
