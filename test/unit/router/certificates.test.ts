import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { expect, it } from '@jest/globals';
import { readServerName } from '../../../src/router/server-name.ts';
import { makeCertificate } from '../../rig/certificate.ts';
import { RouterRig, route } from './router-rig.ts';

/** The first bytes that a real TLS client sends. */
async function helloOf(servername: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

/** The same message in records of so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 5; at < hello.length; at += size) {
    const part = hello.subarray(at, at + size);
    parts.push(Buffer.from([0x16, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(parts);
}

it('reads the server name of a ClientHello, however it is cut, and is not misled by a damaged one', async () => {
  const hello = await helloOf('www.example.com');
  const known = { is: 'known', name: 'www.example.com' };
  expect(readServerName(hello)).toEqual(known);
  expect(readServerName(inRecords(hello, 7))).toEqual(known);
  for (let end = 0; end < hello.length; end += 1) {
    expect([end, readServerName(hello.subarray(0, end)).is]).toEqual([end, 'incomplete']);
  }
  expect(readServerName(await helloOf(''))).toEqual({ is: 'known', name: null });
  for (let at = 0; at < hello.length; at += 1) {
    for (const byte of [0, 255]) {
      const damaged = Buffer.from(hello);
      damaged[at] = byte;
      expect(['known', 'incomplete']).toContain(readServerName(damaged).is);
    }
  }
  const endless = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from([0x16, 3, 1, 0, 1, 1])));
  expect(readServerName(endless)).toEqual({ is: 'known', name: null });
});

/** Sends the client's bytes on in pieces of so many. */
async function dripping(port: number, size: number): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((near) => {
    const far = createConnection({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [near, far]) socket.on('error', () => undefined);
    far.pipe(near);
    near.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += size) far.write(bytes.subarray(at, at + size));
    });
    near.on('close', () => far.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

async function shownAt(port: number, servername: string): Promise<string> {
  const client: TLSSocket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
  await once(client, 'secureConnect');
  const subject = String(client.getPeerCertificate().subject.CN);
  client.destroy();
  return subject;
}

it("shows each host its own certificate, also an RSA one beside the platform's, and the platform's to all others", async () => {
  await using rig = await RouterRig.start();
  const rsa = await makeCertificate(['rsa.example.com'], { algorithm: 'rsa' });
  const wild = await makeCertificate(['*.example.com']);
  await rig.router.setRoute({
    ...route('myapp', 'none'),
    hosts: ['rsa.example.com', 'plain.example.com', '*.example.com', 'broken.example.com'],
    certificates: [
      { hosts: ['rsa.example.com'], cert: rsa.cert, key: rsa.key },
      { hosts: ['*.example.com'], cert: wild.cert, key: wild.key },
      { hosts: ['broken.example.com'], cert: 'damaged', key: wild.key },
    ],
  });
  const slow = await dripping(rig.router.port, 50);
  rig.onClose(() => {
    slow.close();
  });
  for (const port of [rig.router.port, slow.port]) {
    expect(await shownAt(port, 'rsa.example.com')).toBe('rsa.example.com');
    expect(await shownAt(port, 'ANY.example.com')).toBe('*.example.com');
    expect(await shownAt(port, 'plain.example.com')).toBe('Hokku');
    expect(await shownAt(port, 'broken.example.com')).toBe('Hokku');
    expect(await shownAt(port, '')).toBe('Hokku');
  }
  await rig.router.setRoute({ ...route('myapp', 'none'), hosts: ['rsa.example.com'] });
  expect(await shownAt(rig.router.port, 'rsa.example.com')).toBe('Hokku');
});
