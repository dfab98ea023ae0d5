import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ensureCertificate, type ServerCertificate } from '../../../src/lib/tls-certificate.ts';
import { checkout } from '../../rig/platform-rig.ts';

let dir = '';
let certificate: ServerCertificate;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-run-'));
  certificate = await ensureCertificate(join(dir, 'tls'), 'paas.example');
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** What a dyno does with what it is sent; `\u0004` ends its input. */
type Dyno = (input: Buffer, socket: TLSSocket) => void;

/** A platform that offers one app and one-off dynos, by the protocol of the official CLI. */
class ScriptedPlatform implements AsyncDisposable {
  readonly requests: { readonly path: string; readonly body: Record<string, unknown> }[] = [];
  /** The first line of every attachment. */
  readonly secrets: string[] = [];
  readonly #http: Server;
  readonly #tls: ReturnType<typeof createTlsServer>;

  private constructor(dyno: Dyno) {
    this.#tls = createTlsServer({ cert: certificate.cert, key: certificate.key }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (line: Buffer) => {
        this.secrets.push(line.toString());
        socket.write('rendezvous\r\n');
        socket.on('data', (input: Buffer) => {
          dyno(input, socket);
        });
      });
    });
    this.#http = createHttpServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        this.requests.push({ path: request.url ?? '', body: JSON.parse(text) as Record<string, unknown> });
        const { port } = this.#tls.address() as AddressInfo;
        response.writeHead(201, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ name: 'run.4242', attach_url: `rendezvous://127.0.0.1:${port}/s3cret?x=1` }));
      });
    });
  }

  static async start(dyno: Dyno): Promise<ScriptedPlatform> {
    const platform = new ScriptedPlatform(dyno);
    for (const server of [platform.#http, platform.#tls]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return platform;
  }

  async hokku(
    args: readonly string[],
    input: string | Buffer = '',
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly code: number | null; readonly stdout: Buffer; readonly stderr: string }> {
    const { port } = this.#http.address() as AddressInfo;
    const child = spawn(process.execPath, [join(checkout, 'dist', 'main.js'), ...args], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: dir,
        HOKKU_TOKEN_ORIGIN: `http://127.0.0.1:${port}`,
        HEROKU_API_KEY: 'HRKU-scripted',
        NODE_EXTRA_CA_CERTS: certificate.ca ?? '',
        TERM: 'xterm',
        ...env,
      },
    });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout: Buffer.concat(stdout), stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#http, this.#tls]) await new Promise((resolve) => server.close(resolve));
  }
}

/** `cat`, with a status of 17. */
const cat: Dyno = (input, socket) => {
  const end = input.at(-1) === 0x04;
  socket.write(end ? input.subarray(0, -1) : input);
  if (!end) return;
  // In two writes, as the network may cut it.
  socket.write('\uFFFF heroku-command-exit-');
  setImmediate(() => socket.end('status: 17\n'));
};

it('attaches a pipe to a one-off dyno, byte for byte, and passes on its status when asked', async () => {
  await using platform = await ScriptedPlatform.start(cat);
  const bytes = randomBytes(3 * 1024 * 1024);
  bytes.write('a line of Windows\r\n');
  // What ends the input of the scripted dyno.
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] === 0x04) bytes[at] = 0x20;

  const plain = await platform.hokku(['run', '-a', 'my-app', '--no-tty', '--', 'cat', '-'], bytes);
  expect({ code: plain.code, stderr: plain.stderr }).toEqual({
    code: 0,
    stderr: 'Running cat - on my-app... up, run.4242\n',
  });
  expect(plain.stdout.indexOf('\uFFFF heroku-command-exit-status: 17')).toBe(bytes.length);
  expect(plain.stdout.subarray(0, bytes.length).equals(bytes)).toBe(true);
  expect(platform.secrets).toEqual(['s3cret?x=1\r\n']);
  expect(platform.requests).toEqual([
    {
      path: '/apps/my-app/dynos',
      body: { attach: true, command: 'cat -', env: { TERM: 'xterm' }, force_no_tty: true },
    },
  ]);

  const status = await platform.hokku(['run', '-x', '-a', 'my-app', '-s', 'basic', '-e', 'A=1', 'cat'], 'hello\r\n');
  expect({ ...status, stdout: status.stdout.toString() }).toEqual({
    code: 17,
    stdout: 'hello\n',
    stderr: 'Running cat on my-app... up, run.4242\n ›   Error: Process exited with code 17\n',
  });
  expect(platform.requests[1]?.body).toMatchObject({
    command: 'cat ; echo "\uFFFF heroku-command-exit-status: $?"',
    env: { TERM: 'xterm', A: '1' },
    size: 'basic',
  });
});

it('says so when the dyno goes without a word, and when nobody vouches for where it is', async () => {
  await using platform = await ScriptedPlatform.start((_input, socket) => {
    socket.end('partial');
  });
  const cut = await platform.hokku(['run', '-x', '-a', 'my-app', 'ls']);
  expect(cut.code).toBe(1);
  expect(cut.stdout.toString()).toBe('partial');
  expect(cut.stderr).toContain('No exit code returned');

  const stranger = await platform.hokku(['run', '-a', 'my-app', 'ls'], '', { NODE_EXTRA_CA_CERTS: '' });
  expect(stranger.code).toBe(1);
  expect(stranger.stderr).toMatch(/cannot be attached to at 127\.0\.0\.1:\d+\s+\(SELF_SIGNED_CERT_IN_CHAIN\)/);
  // The secret did not leave.
  expect(platform.secrets).toHaveLength(1);
});
