import { createConnection } from 'node:net';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { packageRoot } from '../../../src/lib/package-root.ts';
import { spawn } from '../../../src/lib/spawn.ts';
import { basic, env, ReceiverRig, token, until } from './receiver-rig.ts';

it('tells strangers nothing, and users of other apps that there is no such app', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  const at = (user: string, app: string): string => `http://${user}127.0.0.1:${rig.port}/${app}`;

  const wrong = await work.git('push', at('x:wrong@', 'demo.git'), 'main');
  const unknown = await work.git('push', at(`x:${token}@`, 'other-app.git'), 'main');
  const stranger = await fetch(at('', 'other-app.git/info/refs?service=git-receive-pack'));
  const hostile = await Promise.all(
    ['..%2f..%2fetc.git', 'De mo.git', '%00.git', "a'b.git"].map((name) =>
      fetch(at('', `${name}/info/refs?service=git-upload-pack`), { headers: { authorization: basic(token) } }),
    ),
  );
  const dumb = await fetch(at('', 'demo.git/HEAD'), { headers: { authorization: `Bearer ${token}` } });
  const noService = await fetch(at('', 'demo.git/info/refs'), { headers: { authorization: basic(token) } });

  expect(wrong.text).toContain('remote: !\tWARNING:');
  expect(wrong.text).toContain('remote: !\tRun `eval "$(hokku env)"`, which sets HEROKU_API_KEY');
  expect(wrong.text).toContain('Authentication failed');
  expect(unknown.text).toContain('remote: !\tNo such app as other-app.');
  expect(stranger.status).toBe(401);
  expect(stranger.headers.get('www-authenticate')).toBe('Basic realm="Hokku", charset="UTF-8"');
  expect(await stranger.text()).toMatch(/^\n!\tWARNING:\n(!\t.+\n)+$/);
  expect(hostile.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(dumb.status).toBe(403);
  expect(await dumb.text()).toContain('smart HTTP protocol only');
  expect(noService.status).toBe(403);
});

it('builds main and master only, stores the rest, and refuses what can not be right', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  const push = async (...refs: string[]) => await work.git('push', '-f', 'heroku', ...refs);

  expect((await push('main:develop')).text).toContain(
    'remote: Pushed to branch other than [main, master], skipping build.',
  );
  await work.git('tag', '-m', 'one', 'v1');
  expect((await push('v1')).exitCode).toBe(0);
  expect((await push('main:$(touch${IFS}x);`y`')).exitCode).toBe(0);
  expect(rig.pushes).toEqual([]);

  expect((await push('main', 'main:master', 'main:third')).exitCode).toBe(0);
  expect(rig.pushes).toHaveLength(1);
  await work.commit('second', {});
  expect((await push('main', 'main~1:master')).exitCode).toBe(0);
  expect(rig.pushes).toHaveLength(2);
  const first = (await work.git('rev-parse', 'main~1')).text.trim();
  await work.commit('third', {});
  await work.commit('fourth', {});
  const two = await push('main', 'main~1:master');
  expect(two.text).toMatch(
    /remote: !\tPush rejected, main \(.{8}\) and master are different commits and both would deploy/,
  );

  expect((await push(':main')).text).toContain('remote: !\tPush rejected, cannot delete main branch');
  expect((await push(':master')).text).toContain('remote: !\tPush rejected, cannot delete master branch');
  expect((await push(':develop')).exitCode).toBe(0);
  expect((await push('main:refs/notes/x')).text).toContain('refs/notes/x is neither a branch nor a tag');
  const long = await push(`main:refs/heads/${'a'.repeat(150)}/${'b'.repeat(150)}`);
  expect(long.text).toMatch(/remote: !\tPush rejected, refs\/heads\/a+\S* is longer than 255 bytes/);
  expect((await push('main:refs/heads/main/sub')).text).toContain('remote: !\tPush rejected, a branch below main/');
  const tag = (await work.git('rev-parse', 'v1')).text.trim();
  expect((await push(`${first}:main`)).exitCode).toBe(0);
  expect(rig.pushes).toHaveLength(3);
  const notACommit = await work.git('push', '-f', '--no-verify', 'heroku', `${tag}:refs/heads/master`);
  expect(notACommit.exitCode).toBe(1);
  expect(rig.pushes).toHaveLength(3);
  expect(await rig.refs()).toEqual([
    'refs/heads/$(touch${IFS}x);`y`',
    'refs/heads/main',
    'refs/heads/master',
    'refs/heads/third',
    'refs/tags/v1',
  ]);
  expect(existsSync(join(rig.repoDir, 'x'))).toBe(false);
  expect(await rig.leftovers()).toEqual([]);
});

it('refuses trees that would write outside, and takes the harmless oddities of old histories', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  const blob = (await work.git('hash-object', '-w', 'app.txt')).text.trim();
  const pushTree = async (mode: string, name: string) => {
    const entry = Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(blob, 'hex')]);
    await writeFile(join(work.dir, '.git', 'tree'), entry);
    const tree = (await work.git('hash-object', '-t', 'tree', '-w', '--literally', '.git/tree')).text.trim();
    const commit = (await work.git('commit-tree', tree, '-m', 'odd')).text.trim();
    return await work.git('push', '-f', 'heroku', `${commit}:refs/heads/main`);
  };

  for (const [mode, name, message] of [
    ['100644', '..', 'hasDotdot'],
    ['100644', '.git', 'hasDotgit'],
    ['100644', 'a/b', 'fullPathname'],
    ['120000', '.gitmodules', 'gitmodulesSymlink'],
  ] as const) {
    const { exitCode, text } = await pushTree(mode, name);
    expect([name, exitCode, text]).toEqual([name, 1, expect.stringContaining(message)]);
  }
  expect(rig.pushes).toEqual([]);
  expect(await rig.refs()).toEqual([]);
  expect(await rig.leftovers()).toEqual([]);

  expect((await pushTree('0100644', 'zero-padded')).exitCode).toBe(0);
  expect((await pushTree('100664', 'old-mode')).exitCode).toBe(0);
});

it('lets a clone of an app that was pushed to master only check it out', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  await work.git('push', 'heroku', 'main:master');
  expect(await rig.repos.readHead(rig.appId)).toBe('refs/heads/master');
  await work.git('clone', '-q', rig.url, 'clone');
  expect(await work.read('clone/app.txt')).toBe('hello\n');
});

it('refuses more than 100 refs at once', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  const refs = Array.from({ length: 101 }, (_, index) => `main:b${index}`);

  const many = await work.git('push', 'heroku', ...refs);
  const enough = await work.git('push', 'heroku', ...refs.slice(1));

  expect(many.exitCode).toBe(1);
  expect(many.text).toContain('remote: !\tPush rejected, more than 100 refs in one push.');
  expect(many.text).toContain('[remote rejected] main -> b7 (too many refs)');
  expect(enough.exitCode).toBe(0);
});

it('gives broken requests a clear end and keeps nothing of them', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  const request = await work.pushRequest();
  const commands = request.subarray(0, request.indexOf('0000PACK') + 4);

  const truncated = await rig.post(new Uint8Array(request.subarray(0, -30)));
  const garbage = await rig.post(new Uint8Array(Buffer.concat([commands, Buffer.from('what is this?'.repeat(1000))])));
  const bomb = await rig.post(new Uint8Array(gzipSync(Buffer.alloc(20_000_000))), { 'content-encoding': 'gzip' });
  const brokenGzip = await rig.post('not gzip', { 'content-encoding': 'gzip' });
  const otherEncoding = await rig.post('x', { 'content-encoding': 'br' });
  const noise = await rig.post('hello');
  const probe = await rig.post('0000');
  const fetchNoise = await rig.post('hello', {}, 'git-upload-pack');
  const wrongType = await rig.post('{}', { 'content-type': 'application/json' });

  expect(truncated.text).toContain('ng refs/heads/main unpacker error');
  expect(garbage.text).toContain('ng refs/heads/main unpacker error');
  expect([bomb.status, brokenGzip.status, otherEncoding.status, noise.status]).toEqual([400, 400, 415, 400]);
  expect(noise.text).toBe('\n!\tThis request is not of the git protocol.\n');
  expect(probe).toEqual({ status: 200, text: '' });
  expect(fetchNoise.status).toBe(200);
  expect(wrongType.status).toBe(415);
  expect(rig.pushes).toEqual([]);
  expect(await rig.refs()).toEqual([]);
  await until(async () => (await rig.leftovers()).length === 0, 'nothing left');

  expect((await rig.post(new Uint8Array(gzipSync(request)), { 'content-encoding': 'gzip' })).text).toContain(
    'ok refs/heads/main',
  );
});

it('refuses a second push that waited while the first moved the branch', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  const other = await rig.workTree({ 'other.txt': 'x' });
  const turns: (() => void)[] = [];
  rig.onPush = async () => {
    await new Promise<void>((resolve) => turns.push(resolve));
    return { status: 'accepted' };
  };

  const first = work.git('push', 'heroku', 'main');
  await until(() => turns.length === 1, 'the first deploy runs');
  const second = other.git('push', 'heroku', 'main');
  await until(
    async () => (await rig.leftovers()).filter((name) => name.startsWith('tmp_objdir')).length === 2,
    'both are in',
  );
  turns[0]?.();

  expect((await first).exitCode).toBe(0);
  expect((await second).text).toContain('another push moved main in the meantime');
  expect(rig.pushes).toHaveLength(1);
});

it('refuses from within the hook when the platform dies before its verdict', async () => {
  // Standard error of the hook is the pusher's screen; descriptors 3 to 5 are at their end, as after a kill -9.
  const command = `"$0" 3>/dev/null 4</dev/null 5</dev/null`;
  const hook = join(packageRoot, 'hooks', 'pre-receive');

  const { exitCode, stderr } = await spawn('sh', ['-c', command, hook], { env, stdin: 'old new ref\n' });

  expect(exitCode).toBe(1);
  expect(stderr).toBe(' !     The platform stopped during this push; nothing was deployed, push again.\n');
});

it('answers a request whose gzip breaks in the middle while it is still being sent', async () => {
  await using rig = await ReceiverRig.start();
  const broken = Buffer.concat([gzipSync('0000').subarray(0, 10), Buffer.alloc(50, 0xff)]);
  const head = [
    'POST /demo.git/git-receive-pack HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
    'Content-Type: application/x-git-receive-pack-request',
    'Content-Encoding: gzip',
    'Content-Length: 4000',
  ];
  const socket = createConnection(rig.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(broken);
  await until(() => Promise.resolve(text.includes('\r\n\r\n')), 'answered');
  socket.destroy();
  await closed;

  expect(text).toMatch(/^HTTP\/1\.1 400 /);
});
