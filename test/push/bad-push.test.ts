import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { nothingLeftBehind } from '../rig/left-behind.ts';
import { PlatformRig, type RigApp } from '../rig/platform-rig.ts';

/** One platform and one app that runs: whatever the tests send, it goes on answering and can be deployed again. */
let rig: PlatformRig;
let app: RigApp;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '2' } });
  app = await rig.createApp('steady');
  await app.useFixture('python-stdlib');
  await app.commit('first');
  expect((await app.push()).exitCode).toBe(0);
});

afterEach(async () => {
  expect((await app.get()).status).toBe(200);
  await nothingLeftBehind(rig);
});

afterAll(() => rig[Symbol.asyncDispose]());

it('tells strangers what a token is and nothing else: git, curl and the API', async () => {
  const revoked = await rig.changeToken();
  await app.commit('not for strangers');
  const before = await app.releases();

  for (const token of ['wrong', revoked, rig.token.slice(0, -1), 'x'.repeat(2000)]) {
    const url = (name: string): string => `http://any:${token}@127.0.0.1:${rig.port}/${name}.git`;
    const push = await app.push(url('steady'), 'main');
    expect(push.exitCode).toBe(128);
    expect(push.remoteLines).toContain('!\tWARNING:');
    expect(push.output).toContain('Run `eval "$(hokku env)"`');
    expect(push.output).toContain('Authentication failed');
    // Whether there is such an app is not for strangers.
    expect((await app.push(url('no-such-app'), 'main')).remoteLines).toEqual(push.remoteLines);
    await expect(app.git('fetch', url('steady'))).rejects.toThrow('Authentication failed');

    const call = await rig.api('GET', '/apps/steady', undefined, { authorization: `Bearer ${token}` });
    expect([call.status, (call.json as { id: string }).id]).toEqual([401, 'unauthorized']);
    expect((call.json as { message: string }).message).not.toContain(token);
  }

  const bare = await rig.request('127.0.0.1', '/steady.git/info/refs?service=git-receive-pack');
  expect([bare.status, bare.headers['www-authenticate']]).toEqual([401, expect.stringContaining('Basic')]);
  expect(bare.headers['content-type']).toMatch(/^text\/plain/);
  const noToken = await rig.request('127.0.0.1', '/apps', {
    headers: { accept: 'application/vnd.heroku+json; version=3' },
  });
  expect(noToken.status).toBe(401);
  expect(JSON.parse(noToken.body)).toMatchObject({ id: 'unauthorized' });
  for (const authorization of [
    'Basic !!!',
    'Basic OnNlY3JldA',
    'Bearer',
    'Negotiate abc',
    `Basic ${'A'.repeat(5000)}`,
  ]) {
    const odd = await rig.request('127.0.0.1', '/steady.git/info/refs?service=git-upload-pack', {
      headers: { authorization },
    });
    expect([authorization.slice(0, 20), odd.status]).toEqual([authorization.slice(0, 20), 401]);
  }
  expect(rig.platformLog).not.toContain(revoked);
  expect(rig.platformLog).not.toContain(rig.token);
  expect(await app.releases()).toEqual(before);

  expect((await app.push()).exitCode).toBe(0);
});

it('says that there is no such app', async () => {
  const push = await app.push(`${rig.url}/no-such-app.git`, 'main');

  expect(push.exitCode).toBe(128);
  expect(push.remoteLines).toContain('!\tNo such app as no-such-app.');
  await expect(app.git('clone', `${rig.url}/no-such-app.git`, join(rig.home, 'none'))).rejects.toThrow(
    'No such app as no-such-app.',
  );
  const call = await rig.api('GET', '/apps/no-such-app');
  expect([call.status, call.json]).toEqual([
    404,
    { id: 'not_found', resource: 'app', message: "Couldn't find that app." },
  ]);
  expect((await rig.request('no-such-app.localhost')).status).toBe(404);
  for (const name of ['..%2f..%2fetc', '%00', "a'b", '-x', 'steady%0a', 'STEADY']) {
    const answer = await rig.request('127.0.0.1', `/${name}.git/info/refs?service=git-receive-pack`, {
      headers: { authorization: `Basic ${Buffer.from(`x:${rig.token}`).toString('base64')}` },
    });
    expect([name, answer.status]).toEqual([name, 404]);
  }
});

it('takes ref names for names, whatever a shell would make of them', async () => {
  const names = [
    '$(touch${IFS}pwned)',
    ';touch${IFS}pwned;',
    '`touch${IFS}pwned`',
    'a\'b"c',
    '|cat',
    '--upload-pack=x',
    '&',
    'ünï',
  ];

  const push = await app.push('heroku', ...names.map((name) => `main:refs/heads/${name}`), `main:refs/tags/$(reboot)`);

  expect(push.exitCode).toBe(0);
  expect(push.remoteLines).toContain('Pushed to branch other than [main, master], skipping build.');
  const refs = (await app.git('ls-remote', 'heroku')).split('\n').map((line) => line.split('\t')[1]);
  for (const name of names) expect(refs).toContain(`refs/heads/${name}`);
  // What the names would have made: a file of exactly that name where git or the platform works.
  for (const folder of [join(rig.home, 'work'), join(rig.dataDir, 'repos'), rig.home, rig.dataDir]) {
    const files = await readdir(folder, { recursive: folder.endsWith('work') || folder.endsWith('repos') });
    expect(files.filter((path) => basename(path) === 'pwned')).toEqual([]);
  }
  const removed = await app.push('heroku', ...names.map((name) => `:refs/heads/${name}`));
  expect(removed.exitCode).toBe(0);

  await app.commit('beside odd refs');
  const deploy = await app.push('heroku', 'main', 'main:refs/heads/$(x)', 'main:refs/heads/main;x');
  expect(deploy.exitCode).toBe(0);
  expect(deploy.remoteLines).toContain('Verifying deploy... done.');
});

it('refuses packs that are cut short, damaged or none at all, and requests that are not of git', async () => {
  await app.commit('sent by hand');
  const before = await app.releases();
  const request = await pushRequest(app);
  const commands = request.subarray(0, request.indexOf('PACK'));
  const damaged = Buffer.from(request);
  damaged[damaged.length - 30] = (damaged[damaged.length - 30] ?? 0) ^ 0xff;

  const bodies = {
    truncated: request.subarray(0, -30),
    'commands only': commands,
    damaged,
    text: Buffer.concat([commands, Buffer.from('what is this?'.repeat(1000))]),
    noise: Buffer.concat([commands, randomBytes(100_000)]),
    'more objects than sent': Buffer.concat([
      commands,
      Buffer.from('PACK\0\0\0\x02\x7f\xff\xff\xff', 'latin1'),
      randomBytes(64),
    ]),
  };
  for (const [what, body] of Object.entries(bodies)) {
    const { status, text } = await post(body);
    expect([what, status, text]).toEqual([what, 200, expect.stringContaining('ng refs/heads/main unpacker error')]);
    expect([what, text]).toEqual([what, expect.stringMatching(/unpack (?!ok)\S/)]);
  }
  for (const body of ['hello', '{"x":1}', 'ffff', '0003', '00', '0004', randomBytes(5000)]) {
    const { status, text } = await post(Buffer.from(body));
    expect([body, status]).toEqual([body, 400]);
    expect(text).toBe('\n!\tThis request is not of the git protocol.\n');
  }
  expect((await post(request, 'application/json')).status).toBe(415);
  // Clients that hang up in the middle of the pack.
  for (const ends of ['fin', 'reset'] as const) await hangUp(request, ends);
  expect(await app.releases()).toEqual(before);

  const push = await app.push();
  expect(push.exitCode).toBe(0);
  expect(await app.releases()).toHaveLength(before.length + 1);
});

it('refuses trees that would write outside of the app', async () => {
  const before = await app.releases();
  const blob = (await app.gitWithInput('x', 'hash-object', '-w', '--stdin')).toString().trim();
  const linkTo = async (target: string): Promise<string> =>
    (await app.gitWithInput(target, 'hash-object', '-w', '--stdin')).toString().trim();
  const tree = async (...entries: readonly (readonly [mode: string, name: string, id: string])[]): Promise<string> => {
    const bytes = entries.map(([mode, name, id]) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
    );
    const args = ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'];
    return (await app.gitWithInput(Buffer.concat(bytes), ...args)).toString().trim();
  };
  const inner = await tree(['100644', 'evil', blob]);
  const hostile: Readonly<Record<string, string>> = {
    '..': await tree(['40000', '..', inner]),
    '../evil': await tree(['100644', '../evil', blob]),
    'a/../../evil': await tree(['40000', 'a', await tree(['40000', '..', inner])]),
    '/evil': await tree(['100644', '/evil', blob]),
    '.git': await tree(['40000', '.git', await tree(['100644', 'config', blob])]),
    '.GIT': await tree(['40000', '.GIT', inner]),
    'a link and a file below it': await tree(['120000', 'a', await linkTo('/tmp')], ['40000', 'a', inner]),
    '.gitmodules as a link': await tree(['120000', '.gitmodules', await linkTo('/etc/passwd')]),
  };
  for (const [what, id] of Object.entries(hostile)) {
    const commit = (await app.git('commit-tree', id, '-m', 'hostile')).trim();
    const push = await app.push('-f', 'heroku', `${commit}:refs/heads/main`);
    expect([what, push.exitCode, push.output]).toEqual([what, 1, expect.stringContaining('[remote rejected]')]);
    expect([what, push.output]).toEqual([
      what,
      expect.stringMatching(/error: object [0-9a-f]{40}: \w+: contains|duplicateEntries|symbolic link|symlink/),
    ]);
  }
  expect(await app.releases()).toEqual(before);

  await app.commit('harmless');
  expect((await app.push()).exitCode).toBe(0);
});

it('builds an empty commit again, refuses an empty tree, and has nothing to do for a push of nothing', async () => {
  await app.git('commit', '--quiet', '--allow-empty', '--message', 'empty');
  const empty = await app.push();
  expect(empty.exitCode).toBe(0);
  expect(empty.remoteLines).toContain('Verifying deploy... done.');
  const again = await app.push();
  expect([again.exitCode, again.output]).toEqual([0, 'Everything up-to-date\n']);

  const fresh = await rig.createApp('fresh');
  expect((await fresh.push()).output).toContain('src refspec main does not match any');
  expect(await fresh.git('ls-remote', 'heroku')).toBe('');
  await fresh.git('clone', '--quiet', `${rig.url}/fresh.git`, join(rig.home, 'clone-of-fresh'));
  expect(await readdir(join(rig.home, 'clone-of-fresh'))).toEqual(['.git']);

  await fresh.commit('nothing in it');
  const nothing = await fresh.push();
  expect(nothing.exitCode).toBe(1);
  expect(nothing.remoteLines).toContain(' !     No default language could be detected for this app.');
  expect(nothing.remoteLines).toContain(' !     Root has:  nothing (is the commit empty?)');
  expect(nothing.remoteLines).toContain('!\tPush rejected to fresh.');
  expect(await fresh.git('ls-remote', 'heroku')).toBe('');
  expect((await fresh.releases()).map(({ version }) => version)).toEqual([1, 2]);

  await fresh.useFixture('python-stdlib');
  await fresh.commit('something');
  expect((await fresh.push()).remoteLines).toContain('       Released v3');
  expect((await fresh.get()).status).toBe(200);
  await rig.api('DELETE', '/apps/fresh');
});

it('takes 50,000 small files within two minutes', async () => {
  const large = await rig.createApp('large');
  await large.useFixture('python-stdlib');
  await large.commit('few files');
  await importFiles(large, 50_000);

  const startedAt = performance.now();
  const push = await large.push('heroku', 'many:main');
  const seconds = (performance.now() - startedAt) / 1000;

  expect(push.remoteLines).toContain('       Released v3');
  expect(push.exitCode).toBe(0);
  expect((await large.get()).status).toBe(200);
  // Far below the 15 minutes that a build may take; 2 to 9 s on two cores.
  expect(seconds).toBeLessThan(120);
  await rig.api('DELETE', '/apps/large');
});

/** A commit on `many`: what `main` holds and files of a few bytes in 500 folders. */
async function importFiles(target: RigApp, count: number): Promise<void> {
  const lines = [
    'commit refs/heads/many',
    'committer Ada <ada@example.com> 0 +0000',
    'data 4',
    'many',
    'from refs/heads/main^0',
  ];
  for (let index = 0; index < count; index += 1) {
    const content = `file ${index}`;
    lines.push(`M 100644 inline files/${index % 500}/${index}.txt`, `data ${content.length}`, content);
  }
  await target.gitWithInput(`${lines.join('\n')}\n\n`, 'fast-import', '--quiet');
}

/** What git would send to move `main` to HEAD. */
async function pushRequest(from: RigApp): Promise<Buffer> {
  const head = (await from.git('rev-parse', 'HEAD')).trim();
  const old = (await from.git('ls-remote', 'heroku', 'refs/heads/main')).slice(0, 40);
  const pack = await from.gitWithInput(`${head}\n`, 'pack-objects', '--revs', '--stdout', '-q');
  const line = `${old} ${head} refs/heads/main\0 report-status agent=test`;
  const length = (line.length + 4).toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(`${length}${line}0000`), pack]);
}

async function post(
  body: Uint8Array,
  type = 'application/x-git-receive-pack-request',
): Promise<{ status: number; text: string }> {
  const answer = await rig.request('127.0.0.1', '/steady.git/git-receive-pack', {
    method: 'POST',
    headers: { ...authorized(), 'content-type': type, 'content-length': String(body.length) },
    body,
  });
  return { status: answer.status, text: answer.body };
}

/** Announces the whole request, sends half of it and goes. */
async function hangUp(request: Buffer, ends: 'fin' | 'reset'): Promise<void> {
  const socket = connect(rig.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const head = [
    'POST /steady.git/git-receive-pack HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: ${authorized().authorization}`,
    'Content-Type: application/x-git-receive-pack-request',
    `Content-Length: ${request.length + 100_000}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await new Promise((resolve) => socket.write(request.subarray(0, -40), resolve));
  if (ends === 'fin') socket.end();
  else socket.resetAndDestroy();
  await closed;
}

function authorized(): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`x:${rig.token}`).toString('base64')}` };
}
