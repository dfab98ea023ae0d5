import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import ssh2, { type SFTPWrapper } from 'ssh2';
import type { AttachedProcess } from '../../../src/model/dyno.ts';
import { serveSftp, type RunInside } from '../../../src/rendezvous/serve-sftp.ts';
import { eventually } from '../../rig/platform-rig.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hokku-sftp-'));
  file = join(folder, 'file');
  await writeFile(file, Buffer.alloc(1024 * 1024, 'x'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts real processes, each when `gate` lets it, and counts those that there are. */
class Dyno {
  running = 0;
  most = 0;
  asked = 0;
  gate: Promise<unknown> = Promise.resolve();

  readonly run: RunInside = (command, env) => ({
    wantsStatus: false,
    terminal: null,
    hangUp: () => undefined,
    start: async () => {
      this.asked += 1;
      await this.gate;
      return this.#start(command, env);
    },
  });

  #start(command: string, env: Readonly<Record<string, string>>): AttachedProcess {
    const child = spawn('/bin/sh', ['-c', command], { env: { PATH: '/usr/bin:/bin', ...env }, stdio: 'pipe' });
    this.most = Math.max(this.most, ++this.running);
    const exited = once(child, 'close').then(() => {
      this.running -= 1;
      return { status: child.exitCode ?? 137 };
    });
    const kill = (): void => void child.kill('SIGKILL');
    const abandon = (): void => {
      kill();
      child.stdout.destroy();
    };
    const nothing = (): void => undefined;
    return {
      input: child.stdin,
      output: child.stdout,
      usage: () => Promise.resolve(null),
      exited: exited as unknown as AttachedProcess['exited'],
      signal: nothing,
      resize: nothing,
      kill,
      abandon,
    };
  }
}

async function connect(dyno: Dyno): Promise<{ sftp: SFTPWrapper } & AsyncDisposable> {
  const keys = ssh2.utils.generateKeyPairSync('ed25519');
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      context.accept();
    });
    connection.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => {
        serveSftp(acceptSftp(), dyno.run);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new ssh2.Client();
  client.on('error', () => undefined);
  client.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, username: 'any' });
  await once(client, 'ready');
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((error, opened) => {
      if (error === undefined) resolve(opened);
      else reject(error);
    });
  });
  return {
    sftp,
    [Symbol.asyncDispose]: async () => {
      client.end();
      server.close();
      await once(server, 'close');
    },
  };
}

const open = (sftp: SFTPWrapper): Promise<boolean> =>
  new Promise((resolve) => {
    sftp.open(file, 'r', (error) => {
      resolve(error === undefined);
    });
  });
const stat = (sftp: SFTPWrapper): Promise<number | null> =>
  new Promise((resolve) => {
    sftp.stat(file, (error, attributes) => {
      resolve(error === undefined ? attributes.size : null);
    });
  });
const isDone = (value: unknown): boolean => value !== false && value !== null;

it('opens no more files than it may, and runs no more processes, however many requests come at once', async () => {
  const dyno = new Dyno();
  await using connection = await connect(dyno);
  const opened = await Promise.all(Array.from({ length: 60 }, () => open(connection.sftp)));
  expect(opened.filter(isDone)).toHaveLength(16);

  dyno.most = 0;
  const seen = await Promise.all(Array.from({ length: 200 }, () => stat(connection.sftp)));
  expect(seen.filter(isDone).length).toBeGreaterThan(0);
  expect(dyno.most).toBeLessThanOrEqual(32);
  // What was refused at the time is not refused for ever.
  await eventually('those have ended', () => Promise.resolve(dyno.running <= 16));
  expect(await stat(connection.sftp)).toBe(1024 * 1024);
});

it('leaves no process behind that was still being started when the client went', async () => {
  const dyno = new Dyno();
  let release = (): void => undefined;
  {
    await using connection = await connect(dyno);
    expect(await open(connection.sftp)).toBe(true);
    dyno.gate = new Promise<void>((resolve) => (release = resolve));
    for (let n = 0; n < 3; n += 1) connection.sftp.open(file, 'r', () => undefined);
    await eventually('they are asked for', () => Promise.resolve(dyno.asked === 5));
  }
  dyno.most = 0;
  release();
  await eventually('they were started', () => Promise.resolve(dyno.most > 0));
  await eventually('all have ended', () => Promise.resolve(dyno.running === 0));
});
