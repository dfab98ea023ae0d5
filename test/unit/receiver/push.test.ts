import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import * as fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { openOutbound } from '../../../src/lib/outbound.ts';
import isomorphicGit from 'isomorphic-git';
import isomorphicHttp from 'isomorphic-git/http/node';
import { spawn } from '../../../src/lib/spawn.ts';
import { env, ReceiverRig, token, until } from './receiver-rig.ts';

it.each(['0', '1', '2'])('pushes, clones and fetches with protocol version %s', async (version) => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  rig.onPush = (push, output) => {
    output.write(`-----> Building ${push.commit}\n`);
    return Promise.resolve({ status: 'accepted' });
  };

  const push = await work.git('-c', `protocol.version=${version}`, 'push', '-o', 'a=b', '-o', 'c d', 'heroku', 'main');

  expect(push.text).toContain(`remote: -----> Building ${await work.head()}`);
  expect(push.exitCode).toBe(0);
  expect(rig.pushes[0]).toMatchObject({ ref: 'refs/heads/main', pushOptions: ['a=b', 'c d'], app: { name: 'demo' } });
  expect(rig.pushes[0]?.objects.env['GIT_QUARANTINE_PATH']).toContain(rig.repoDir);

  await work.git('-c', `protocol.version=${version}`, 'clone', '-q', rig.url, 'clone');
  expect(await work.read('clone/app.txt')).toBe('hello\n');
  await work.commit('second', { 'app.txt': 'two\n' });
  expect((await work.git('push', 'heroku', 'main')).exitCode).toBe(0);
  expect((await work.git('-C', 'clone', '-c', `protocol.version=${version}`, 'pull', '-q')).text).toBe('');
  expect(await work.read('clone/app.txt')).toBe('two\n');
  expect((await work.git('push', 'heroku', 'main')).text).toContain('Everything up-to-date');
  expect(rig.pushes).toHaveLength(2);
  expect(await rig.leftovers()).toEqual([]);
});

it('speaks to isomorphic-git, pushing and cloning', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  const said: string[] = [];
  rig.onPush = (_push, output) => {
    output.write('-----> Building\n');
    return Promise.resolve({ status: 'accepted' });
  };
  const url = `http://127.0.0.1:${rig.port}/demo.git`;
  const auth = { onAuth: () => ({ username: 'x', password: token }) };

  const pushed = await isomorphicGit.push({
    fs,
    http: isomorphicHttp,
    dir: work.dir,
    url,
    ref: 'main',
    remoteRef: 'refs/heads/main',
    onMessage: (line) => {
      said.push(line);
    },
    ...auth,
  });
  const dir = join(rig.root, 'iso');
  await isomorphicGit.clone({ fs, http: isomorphicHttp, dir, url, ...auth });

  expect(pushed.ok).toBe(true);
  expect(said.join('')).toContain('-----> Building');
  expect(await readFile(join(dir, 'app.txt'), 'utf8')).toBe('hello\n');
});

it('rejects the push and leaves no trace when the deploy is rejected or breaks', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  rig.onPush = (_push, output) => {
    output.write(' !     Push rejected, failed to compile Python app.\n');
    return Promise.resolve({ status: 'rejected' });
  };
  const rejected = await work.git('push', 'heroku', 'main', 'main:other');
  rig.onPush = () => Promise.reject(new Error('disk on fire, token=abc'));
  const broken = await work.git('push', 'heroku', 'main');

  expect(rejected.exitCode).toBe(1);
  expect(rejected.text).toContain('remote:  !     Push rejected, failed to compile Python app.');
  expect(rejected.text).toContain('main -> main (pre-receive hook declined)');
  expect(broken.text).toContain('remote:  !     The platform failed while it handled this push; nothing was deployed.');
  expect(broken.text).not.toContain('token=abc');
  expect(await rig.refs()).toEqual([]);
  expect(await readdir(join(rig.repoDir, 'objects', 'pack'))).toEqual([]);
  expect(await rig.leftovers()).toEqual([]);
});

it('takes large packs in chunks and compressed requests', async () => {
  await using rig = await ReceiverRig.start();
  const noise = randomBytes(3_000_000);
  const work = await rig.workTree({ 'noise.bin': noise });

  const push = await work.git('push', 'heroku', 'main');
  const objects = await readdir(join(rig.repoDir, 'objects'));
  // Many haves and wants make the client send gzip.
  for (let i = 0; i < 40; i++) await work.git('tag', `t${i}`);
  const tags = await work.git('push', 'heroku', '--tags');
  const clone = await work.git('clone', '-q', rig.url, 'clone');

  expect(push.text).toContain('* [new branch]      main -> main');
  expect(objects.sort()).toEqual(['info', 'pack']);
  expect(tags.exitCode).toBe(0);
  expect(clone).toEqual({ exitCode: 0, text: '' });
});

it('refuses a pack above the limit with a text, and stores nothing', async () => {
  await using rig = await ReceiverRig.start({ maxPackBytes: 2_000_000 });
  const noise = randomBytes(5_000_000);
  const work = await rig.workTree({ 'noise.bin': noise });

  const push = await work.git('push', 'heroku', 'main');

  expect(push.exitCode).not.toBe(0);
  expect(push.text).toContain('Push rejected, the pack is larger than 2 MB.');
  expect(rig.pushes).toEqual([]);
  await until(async () => (await rig.leftovers()).length === 0, 'nothing left');
});

it('refuses a push that the disk has no room for, before git takes a byte of it', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree({ 'noise.bin': randomBytes(5_000_000) });

  rig.room = 0;
  const full = await work.git('push', 'heroku', 'main');
  rig.room = 2_000_000;
  const short = await work.git('push', 'heroku', 'main');

  expect([full.exitCode, full.text]).toEqual([1, expect.stringContaining('the disk of the platform is full')]);
  expect(short.text).toContain('the disk of the platform has room for 2 MB only');
  expect(rig.pushes).toEqual([]);
  await until(async () => (await rig.leftovers()).length === 0, 'nothing left');
  rig.room = 100_000_000;
  expect((await work.git('push', 'heroku', 'main')).exitCode).toBe(0);
});

it('sends output to the pusher as it is written, and something every few seconds of silence', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  let goOn: () => void = () => undefined;
  rig.onPush = async (_push, output) => {
    output.write('-----> First half');
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    output.write(' and second\n');
    return { status: 'accepted' };
  };
  const request = await work.pushRequest();
  const seen: { at: number; bytes: Buffer }[] = [];
  const done = new Promise<void>((resolve, reject) => {
    const post = http.request(
      `http://127.0.0.1:${rig.port}/demo.git/git-receive-pack`,
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/x-git-receive-pack-request',
        },
      },
      (response) => {
        response.on('data', (bytes: Buffer) => seen.push({ at: Date.now(), bytes }));
        response.on('end', resolve);
      },
    );
    post.on('error', reject);
    post.end(request);
  });
  const text = (): string => Buffer.concat(seen.map(({ bytes }) => bytes)).toString('latin1');

  await until(() => text().includes('-----> First half'), 'the first half of a line');
  await until(() => text().endsWith('0005\x01'), 'a keep-alive packet');
  goOn();
  await done;

  expect(text()).toContain(' and second\n');
  expect(text()).toContain('ok refs/heads/main');
});

it('takes 50,000 files and gives them out again as a source tree', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  const files = Array.from({ length: 50_000 }, (_, index) => {
    const name = `d${index % 500}/f${index}.txt`;
    return `M 100644 inline ${name}\ndata ${name.length}\n${name}\n`;
  });
  const stream = `commit refs/heads/many\ncommitter A <a@b> 1 +0000\ndata 4\nmany\n${files.join('')}`;
  await spawn('git', ['fast-import', '--quiet'], { cwd: work.dir, env, stdin: stream });
  let exported = -1;
  const outbound = openOutbound({ publicPort: () => 0, allowLoopback: false, allowedNets: [] });
  const guard = { outbound, mayReachLoopback: false, privateOrigins: [] };
  rig.onPush = async ({ objects, commit }, output, signal) => {
    const dir = join(rig.root, 'source');
    const outcome = await rig.repos.exportSource({ objects, commit, dir, maxBytes: 1024 ** 3, output, signal, guard });
    if (outcome.status === 'exported') {
      exported = (await readdir(dir, { recursive: true })).length;
      await outcome.source[Symbol.asyncDispose]();
    }
    return { status: 'accepted' };
  };

  const push = await work.git('push', 'heroku', 'many:main');

  expect(push.exitCode).toBe(0);
  expect(exported).toBe(50_500);
});
