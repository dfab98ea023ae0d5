import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { install, type Installation } from './install-package.ts';
import { eventually } from './platform-rig.ts';

/** Let's Encrypt's server for tests of ACME clients, built from its source once per machine. */
export function installPebble(): Promise<Installation> {
  const version = 'v2.10.1';
  return install(`pebble-${version}`, 'pebble', (dir) => [
    'env',
    `GOBIN=${dir}`,
    'go',
    'install',
    `github.com/letsencrypt/pebble/v2/cmd/pebble@${version}`,
  ]);
}

export interface AuthorityOptions {
  /** Of the platform: where it asks for proofs. */
  readonly httpPort: number;
  /** Of its certificates. Default: a day. */
  readonly validitySeconds?: number;
  /** Of what the host names are that it finds in DNS, at this machine. Default: all. */
  readonly isKnown?: (hostname: string) => boolean;
}

/** A certificate authority of this test's own; it forgets everything at its end. */
export class AcmeAuthorityRig implements AsyncDisposable {
  readonly directory: string;
  /** Path of the PEM that its own TLS certificate is to be checked with. */
  readonly caPath: string;
  readonly #managementUrl: string;
  readonly #close: () => Promise<void>;

  private constructor(ports: { api: number; management: number }, caPath: string, close: () => Promise<void>) {
    this.directory = `https://localhost:${ports.api}/dir`;
    this.#managementUrl = `https://127.0.0.1:${ports.management}`;
    this.caPath = caPath;
    this.#close = close;
  }

  static async start(program: string, options: AuthorityOptions): Promise<AcmeAuthorityRig> {
    const dir = await mkdtemp(join(tmpdir(), 'hokku-acme-'));
    await chmod(dir, 0o755);
    const { cert, key } = await makeCertificate(['localhost']);
    const paths = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem'), config: join(dir, 'config.json') };
    const ports = { api: await freePort(), management: await freePort() };
    const pebble = {
      listenAddress: `127.0.0.1:${ports.api}`,
      managementListenAddress: `127.0.0.1:${ports.management}`,
      certificate: paths.cert,
      privateKey: paths.key,
      httpPort: options.httpPort,
      tlsPort: options.httpPort,
      profiles: { default: { description: 'default', validityPeriod: options.validitySeconds ?? 86_400 } },
      retryAfter: { authz: 1, order: 1 },
    };
    await writeFile(paths.cert, cert);
    await writeFile(paths.key, key);
    await writeFile(paths.config, JSON.stringify({ pebble }));
    const dns = await answerDns(options.isKnown ?? (() => true));
    const child = spawn(
      program,
      ['-config', paths.config, '-dnsserver', `127.0.0.1:${(dns.address() as AddressInfo).port}`],
      {
        env: { PATH: process.env['PATH'] ?? '', PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' },
        stdio: 'ignore',
      },
    );
    const ended = once(child, 'exit');
    const rig = new AcmeAuthorityRig(ports, paths.cert, async () => {
      child.kill('SIGKILL');
      await ended;
      dns.close();
      await rm(dir, { recursive: true, force: true });
    });
    const isUp = (): Promise<boolean> =>
      fetchPem(`${rig.#managementUrl}/roots/0`).then(
        () => true,
        () => false,
      );
    await eventually('the authority answers', isUp);
    return rig;
  }

  /** PEM: what its certificates are checked with. */
  root(): Promise<string> {
    return fetchPem(`${this.#managementUrl}/roots/0`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function fetchPem(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { rejectUnauthorized: false, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.once('end', () => {
        resolve(body);
      });
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

/**
 * Answers every question for an IPv4 address with this machine's, and all others with nothing; over TCP, as Pebble asks.
 * Source: RFC 1035, 4.1 and 4.2.2
 */
async function answerDns(isKnown: (hostname: string) => boolean): Promise<Server> {
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
        const end = 2 + bytes.readUInt16BE(0);
        const answer = answerQuery(bytes.subarray(2, end), isKnown);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        socket.write(Buffer.concat([length, answer]));
        bytes = bytes.subarray(end);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function answerQuery(query: Buffer, isKnown: (hostname: string) => boolean): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const known = isKnown(labels.join('.').toLowerCase());
  const isAddress = known && query.readUInt16BE(at + 1) === 1;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(known ? 0x8580 : 0x8583, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isAddress ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([header, query.subarray(12, at + 5), ...(isAddress ? [address] : [])]);
}

/** Of this machine, on loopback; free for now. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  return port;
}
