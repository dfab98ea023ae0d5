import { expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ensureCertificate } from '../../../src/lib/tls-certificate.ts';

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), 'hk-tls-'));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

it('makes a CA and a certificate that clients of the CA accept, keeps both, and renews for another domain', async () => {
  await using temporary = await folder();
  const dir = join(temporary.dir, 'tls');

  const first = await ensureCertificate(dir, 'example.test');
  const again = await ensureCertificate(dir, 'example.test');
  const other = await ensureCertificate(dir, 'other.test');

  expect(first.ca).toBe(join(dir, 'ca.pem'));
  expect(again).toEqual(first);
  expect(other.cert).not.toBe(first.cert);
  const ca = await readFile(join(dir, 'ca.pem'), 'utf8');
  for (const { cert } of [first, other])
    expect(new X509Certificate(cert).verify(new X509Certificate(ca).publicKey)).toBe(true);
  for (const name of ['key.pem', 'ca-key.pem']) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);

  const server = createServer({ cert: first.cert, key: first.key }, (socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const servername of ['example.test', 'app.example.test', 'localhost']) {
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca, servername });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  }
  server.close();
});

it('makes a new pair when the files do not belong together, as after a crash between the two writes', async () => {
  await using temporary = await folder();
  const first = await ensureCertificate(temporary.dir, 'a.test');
  const foreign = await ensureCertificate(join(temporary.dir, 'sub'), 'a.test');
  await writeFile(join(temporary.dir, 'key.pem'), foreign.key);

  const repaired = await ensureCertificate(temporary.dir, 'a.test');

  expect(repaired.cert).not.toBe(first.cert);
  expect(await ensureCertificate(temporary.dir, 'a.test')).toEqual(repaired);
});

it("uses the operator's own files, and names the setting that is wrong", async () => {
  await using temporary = await folder();
  const { dir } = temporary;
  const made = await ensureCertificate(join(dir, 'made'), 'a.test');
  const other = await ensureCertificate(join(dir, 'other'), 'a.test');
  const [cert, key, wrongKey, junk] = ['cert', 'key', 'wrong', 'junk'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
    string,
  ];
  await Promise.all([
    writeFile(cert, made.cert),
    writeFile(key, made.key),
    writeFile(wrongKey, other.key),
    writeFile(junk, 'x'),
  ]);

  expect(await ensureCertificate(dir, 'a.test', { cert, key })).toEqual({ ca: null, cert: made.cert, key: made.key });
  await expect(ensureCertificate(dir, 'a.test', { cert })).rejects.toThrow('set both or neither');
  await expect(ensureCertificate(dir, 'a.test', { cert, key: wrongKey })).rejects.toThrow(
    'is not the key of HOKKU_TLS_CERT',
  );
  await expect(ensureCertificate(dir, 'a.test', { cert: junk, key })).rejects.toThrow('HOKKU_TLS_CERT');
  await expect(ensureCertificate(dir, 'a.test', { cert, key: join(dir, 'none') })).rejects.toThrow('ENOENT');
});
