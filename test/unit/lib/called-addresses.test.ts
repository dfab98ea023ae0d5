import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { download } from '../../../src/lib/download.ts';
import { parseHttpTarget } from '../../../src/lib/http-target.ts';
import { openOutbound, OutboundRefusedError } from '../../../src/lib/outbound.ts';

const outbound = openOutbound({ publicPort: () => 5000, allowLoopback: false, allowedNets: ['10.9.0.0/16'] });

/** As log drains, webhooks, notices and submodules ask: first about the URL, then about what its name resolves to. */
async function judge(url: string, mayReachLoopback: boolean): Promise<'called' | 'refused'> {
  const target = parseHttpTarget(url);
  if (typeof target === 'string') return 'refused';
  const asked = { host: target.host, port: target.port, mayReachLoopback };
  try {
    outbound.check(asked);
    if (/^[\d.]+$|:/.test(target.host)) return 'called';
    await new Promise((resolve, reject) => {
      outbound.lookup(asked)(target.host, { all: true }, (error, found) => {
        if (error === null) resolve(found);
        else reject(error);
      });
    });
    return 'called';
  } catch (error) {
    if (error instanceof OutboundRefusedError) return 'refused';
    throw error;
  }
}

it.each([
  // URL, for a user, for the operator
  ['https://127.0.0.1/', 'refused', 'called'],
  ['https://127.1/', 'refused', 'called'],
  ['https://0x7f000001/', 'refused', 'called'],
  ['https://2130706433/', 'refused', 'called'],
  ['https://0/', 'refused', 'called'],
  ['https://localhost/', 'refused', 'called'],
  ['https://LOCALHOST./', 'refused', 'called'],
  ['https://some.localhost/', 'refused', 'called'],
  ['https://[::1]/', 'refused', 'called'],
  ['https://[::ffff:127.0.0.1]/', 'refused', 'called'],
  ['https://[::ffff:7f00:1]/', 'refused', 'called'],
  ['https://localhost:5000/', 'called', 'called'],
  // The router's port is the router's on this machine only.
  ['https://10.1.2.3:5000/', 'refused', 'called'],
  ['https://10.1.2.3/', 'refused', 'called'],
  ['https://10.9.2.3/', 'called', 'called'],
  ['https://172.31.0.1/', 'refused', 'called'],
  ['https://192.168.1.1/', 'refused', 'called'],
  ['https://100.64.0.1/', 'refused', 'called'],
  ['https://[fd12::1]/', 'refused', 'called'],
  ['https://169.254.169.254/latest', 'refused', 'refused'],
  ['https://[::ffff:169.254.169.254]/', 'refused', 'refused'],
  ['https://[fd00:ec2::254]/', 'refused', 'refused'],
  ['https://[fe80::1]/', 'refused', 'refused'],
  ['https://[64:ff9b::7f00:1]/', 'refused', 'refused'],
  ['https://[2002:7f00:1::]/', 'refused', 'refused'],
  ['https://224.0.0.1/', 'refused', 'refused'],
  ['http://203.0.113.9/', 'refused', 'refused'],
  ['gopher://127.0.0.1/', 'refused', 'refused'],
  ['https://93.184.216.34/', 'called', 'called'],
])('of %s, a user is %s and the operator %s', async (url, user, operator) => {
  expect([await judge(url, false), await judge(url, true)]).toEqual([user, operator]);
});

async function listen(listener: RequestListener) {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, [Symbol.dispose]: () => server.close() };
}

it('judges every redirect of a download anew, whoever sends it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-download-'));
  let secretReads = 0;
  using inside = await listen((_request, response) => {
    secretReads += 1;
    response.end('secret');
  });
  using allowed = await listen((request, response) => {
    if (request.url === '/good') response.end('source');
    else response.writeHead(302, { location: request.url === '/loop' ? '/loop' : `${inside.origin}/` }).end();
  });
  const options = { maxBytes: 1000, privateOrigins: [allowed.origin], signal: AbortSignal.timeout(20_000) };
  try {
    const get = (url: string, name: string) => download(new URL(url), { ...options, file: join(dir, name) });
    await get(`${allowed.origin}/good`, 'good');
    expect(await readFile(join(dir, 'good'), 'utf8')).toBe('source');
    await expect(get(`${allowed.origin}/away`, 'away')).rejects.toThrow(/https|public/);
    await expect(get(`${allowed.origin}/loop`, 'loop')).rejects.toThrow('redirects more than');
    for (const url of [inside.origin, 'https://127.0.0.1/', 'https://localhost/', 'https://169.254.169.254/x']) {
      await expect(get(url, 'never')).rejects.toThrow(/https|public internet/);
    }
    expect(secretReads).toBe(0);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
