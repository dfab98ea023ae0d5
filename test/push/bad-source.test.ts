import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { run } from '../../src/lib/spawn.ts';
import { nothingLeftBehind } from '../rig/left-behind.ts';
import { checkout, PlatformRig, type PushResult, type RigApp } from '../rig/platform-rig.ts';

/** One platform with small limits, and one app that runs all the time. */
let rig: PlatformRig;
let steady: RigApp;

beforeAll(async () => {
  const limits = { HOKKU_SOURCE_MAX_MB: '4', HOKKU_SLUG_MAX_MB: '2', HOKKU_SLUG_SOFT_MB: '1' };
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '2', ...limits } });
  steady = await rig.createApp('steady');
  await steady.useFixture('python-stdlib');
  await steady.commit('first');
  expect((await steady.push()).exitCode).toBe(0);
});

afterEach(async () => {
  expect((await steady.get()).status).toBe(200);
  await nothingLeftBehind(rig);
});

afterAll(() => rig[Symbol.asyncDispose]());

it('keeps names of any bytes and links to anywhere, from the commit to the slug and the dyno', async () => {
  const app = await rig.createApp('odd');
  await app.useFixture('python-stdlib');
  await app.write({
    'server.py': treeServer,
    'odd/new\nline': '1',
    'odd/tab\tquote "q" \'s\' $(x) \u001b[31m': '2',
    'odd/\\x41\\101': '3',
    'odd/ünï 漢字': '4',
    'odd/ leading and trailing ': '5',
    '-rf': '6',
    '--checkpoint-action=exec=sh': '7',
    [`odd/${'long'.repeat(60)}`]: '8',
    [`${'deep/'.repeat(60)}file`]: '9',
  });
  const notUtf8 = Buffer.concat([Buffer.from(`${app.dir}/odd/`), Buffer.from([0xff, 0xfe, 0x80])]);
  await writeFile(notUtf8, '10');
  // As a folder, too, in which things are removed again.
  const folder = Buffer.concat([notUtf8, Buffer.from('.d')]);
  await mkdir(folder);
  await writeFile(Buffer.concat([folder, Buffer.from('/in')]), '11');
  const links = {
    absolute: '/etc/passwd',
    up: '../../../../etc',
    'to-itself': 'to-itself',
    'loop-a': 'loop-b',
    'loop-b': 'loop-a',
  };
  const more = { dangling: 'no/where', parent: '..', root: '/', 'with\nnewline': 'odd/new\nline' };
  for (const [path, target] of Object.entries({ ...links, ...more })) await symlink(target, join(app.dir, path));
  await app.commit('odd');

  const push = await app.push();

  expect([push.exitCode, push.output]).toEqual([0, expect.stringContaining('Verifying deploy... done.')]);
  const source = await listTree(app.dir);
  expect(source.size).toBe(23);
  expect(source.get('odd/\xff\xfe\x80')).toBe('file:10');
  const slug = join(rig.home, 'unpacked');
  await mkdir(slug);
  await run('tar', ['-xzf', await newestSlug(), '-C', slug], { env: { PATH: '/usr/bin:/bin' } });
  const inDyno = new Map(Object.entries(JSON.parse((await app.get()).body) as Record<string, string>));
  expect(inDyno).toEqual(source);
  expect(await listTree(join(slug, 'app'))).toEqual(source);

  await app.clear();
  await app.useFixture('python-stdlib');
  await app.commit('plain again');
  expect((await app.push()).exitCode).toBe(0);
  expect((await app.get()).body).toContain("Hello from Python's standard library");
  await rig.api('DELETE', '/apps/odd');
});

it('refuses links where the buildpack writes', async () => {
  const app = await rig.createApp('links');
  for (const name of ['.profile.d', '.heroku']) {
    await app.clear();
    await app.useFixture('python-stdlib');
    await symlink('/tmp', join(app.dir, name));
    await app.commit('a link');
    const push = await app.push();
    expect(push.exitCode).toBe(1);
    expect(push.remoteLines).toContain(` !     Error: '${name}' in your app is not a folder.`);
    expect(push.remoteLines).toContain(' !     Push rejected, failed to compile Python app.');
  }
  await rig.api('DELETE', '/apps/links');
});

it('reads any Procfile that an editor may write, and says what it leaves out', async () => {
  const app = await rig.createApp('procfile');
  const deploy = async (write: () => Promise<unknown>, isRejected = false): Promise<PushResult> => {
    await app.clear();
    await app.write({ 'requirements.txt': '', 'server.py': await readFixture('server.py') });
    await write();
    await app.commit('procfile');
    const push = await app.push();
    expect([push.exitCode, push.output]).toEqual([isRejected ? 1 : 0, expect.anything()]);
    return push;
  };
  const types = async (): Promise<Record<string, string>> => {
    const formation = (await rig.api('GET', '/apps/procfile/formation')).json as { type: string; command: string }[];
    return Object.fromEntries(formation.map(({ type, command }) => [type, command]));
  };
  const noWeb =
    ' !     Warning: There is no web process type: requests to the app get an error page (H14). If it should';

  const lines = [
    '\ufeff# comment: none',
    'web:\tfalse',
    ' web :x',
    '',
    ':::',
    'w$b: nope',
    'release:',
    '\u001b[31mred: x',
    '{"a": 1}',
    'worker\tpython  worker.py # not: a comment',
    'web: python server.py',
    'two_words-3:\t echo "a: b"  ',
  ];
  const odd = await deploy(() => app.write({ Procfile: lines.join('\r\n') }));
  expect(odd.remoteLines).toContain('       Procfile declares types -> two_words-3, web, worker');
  const warnings = odd.remoteLines.filter((line) => line.startsWith(' !     Warning: Procfile'));
  expect(warnings.map((line) => line.slice(16))).toEqual([
    'Procfile declares web twice; line 3 counts.',
    "Procfile line 5 is ignored: it is not of the form 'type: command' (:::).",
    "Procfile line 6 is ignored: it is not of the form 'type: command' (w$b: nope).",
    'Procfile line 7 is ignored: it has no command (release:).',
    "Procfile line 8 is ignored: it is not of the form 'type: command' (\\u001b[31mred: x).",
    `Procfile line 9 is ignored: it is not of the form 'type: command' ({"a": 1}).`,
    'Procfile declares web twice; line 11 counts.',
  ]);
  expect(odd.remoteLines).not.toContain(noWeb);
  expect(await types()).toEqual({
    web: 'python server.py',
    worker: 'python  worker.py # not: a comment',
    'two_words-3': 'echo "a: b"',
  });
  expect((await app.get()).status).toBe(200);

  const link = (target: string) => () => symlink(target, join(app.dir, 'Procfile'));
  const ignored: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['it is a folder.', () => app.write({ 'Procfile/web': 'python server.py' })],
    ['it is a link to something outside of the app.', link('/etc/passwd')],
    ['it is a link to something outside of the app.', link(`${'../'.repeat(30)}etc/passwd`)],
    ['it is encoded in UTF-16', () => app.write({ Procfile: Buffer.from('\ufeffweb: x\r\n', 'utf16le') })],
    ['it is a binary file', () => app.write({ Procfile: Buffer.concat([Buffer.alloc(10), randomBytes(5000)]) })],
  ];
  for (const [why, write] of ignored) {
    const push = await deploy(write);
    expect(push.output).toContain(` !     Warning: The Procfile is ignored: ${why}`);
    expect(push.remoteLines).toContain('       Procfile declares types -> (none)');
    expect(push.remoteLines).toContain(noWeb);
    expect(push.output).not.toContain('root:x:0');
    expect(await types()).toEqual({});
  }

  const noSuchType = await deploy(() => app.write({ Procfile: 'worker: sleep 1000\n' }));
  expect(noSuchType.remoteLines).toContain('       Procfile declares types -> worker');
  expect(noSuchType.remoteLines).toContain(noWeb);
  expect(await types()).toEqual({ worker: 'sleep 1000' });
  expect((await app.get()).status).toBe(503);

  const loop = await deploy(link('Procfile'));
  expect(loop.output).toContain(' !     Warning: The Procfile is ignored: it is a link to nothing');
  expect(await types()).toEqual({ web: 'python server.py' });
  const misspelt = await deploy(() => app.write({ 'Procfile.txt': 'web: false\n' }));
  expect(misspelt.output).toContain(" !     Warning: 'Procfile.txt' is ignored: the name must be exactly 'Procfile'.");
  const inside = await deploy(async () => {
    await app.write({ 'deploy/Procfile': 'web: python server.py\nclock: true\n' });
    await symlink('deploy/Procfile', join(app.dir, 'Procfile'));
  });
  expect(inside.remoteLines).toContain('       Procfile declares types -> clock, web');
  expect((await app.get()).status).toBe(200);
  await rig.api('DELETE', '/apps/procfile');
});

it('refuses a source and a slug above the limits, and warns of a large slug', async () => {
  await steady.write({ large: randomBytes(5_000_000) });
  await steady.commit('5 MB');
  const source = await steady.push();
  expect(source.exitCode).toBe(1);
  expect(source.remoteLines.slice(0, 2)).toEqual([
    'Compressing source files...',
    ' !     Push rejected, source too large: 5M (max is 4M).',
  ]);
  expect(source.output).toContain('Remove large files from the repository');
  expect(source.remoteLines).toContain('!\tPush rejected to steady.');

  await steady.write({ large: randomBytes(3_000_000) });
  await steady.commit('3 MB');
  const slug = await steady.push();
  expect(slug.exitCode).toBe(1);
  expect(slug.remoteLines).toContain(' !     Compiled slug size: 3M is too large (max is 2M).');
  expect(slug.output).toContain('list it in .slugignore');
  expect((await steady.releases()).at(-1)?.version).toBe(3);
  expect((await steady.get()).status).toBe(200);

  await steady.write({ '.slugignore': '/large\n' });
  await steady.commit('ignored');
  const ignored = await steady.push();
  expect([ignored.exitCode, ignored.output]).toEqual([0, expect.not.stringContaining('soft limit')]);
  expect(ignored.remoteLines).toContain('-----> Deleting 1 files matching .slugignore patterns.');

  await steady.write({ '.slugignore': '', large: randomBytes(1_500_000) });
  await steady.commit('1.5 MB');
  const soft = await steady.push();
  expect([soft.exitCode, soft.output]).toEqual([0, expect.stringContaining('exceeds our soft limit (1 MB)')]);
});

it('never deletes outside of the app, whatever .slugignore says', async () => {
  const app = await rig.createApp('ignore');
  await app.useFixture('python-stdlib');
  const outside = join(rig.home, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'kept'), 'kept');
  await app.write({ 'keep/a': '1', 'drop/a': '2', 'log/kept.txt': '3', 'log/x.log': '4' });
  await symlink(outside, join(app.dir, 'through'));
  await symlink(outside, join(app.dir, 'dropped-link'));
  const patterns = [
    '../',
    '../*',
    '/../..',
    '../../../../../../../../etc/passwd',
    outside,
    `${outside}/*`,
    'through/*',
    'through/kept',
    '/dropped-link',
    'keep/../drop/../../*',
    '/',
    '.',
    '..',
    './',
    '$(touch x)',
    '--help',
    '[',
    '\\',
    '!keep',
    '\0',
    'drop',
    '*.log\r',
    '*'.repeat(200) + 'z',
    '**/**/**/**/nothing',
  ];
  await app.write({ '.slugignore': patterns.join('\n') });
  await app.commit('ignore');

  const push = await app.push();

  expect([push.exitCode, push.output]).toEqual([0, expect.stringContaining('Verifying deploy... done.')]);
  expect(push.remoteLines).toContain('-----> Deleting 3 files matching .slugignore patterns.');
  expect(push.output).toContain("'!keep' is ignored, patterns with '!' are not supported.");
  expect(await readFile(join(outside, 'kept'), 'utf8')).toBe('kept');
  expect((await app.get()).status).toBe(200);
  const slug = (await run('tar', ['-tzf', await newestSlug()], { env: { PATH: '/usr/bin:/bin' } })).toString();
  expect(slug).toContain('./app/keep/a\n');
  expect(slug).toContain('./app/log/kept.txt\n');
  expect(slug).not.toMatch(/drop|x\.log/);

  // A link is not read: it could name any file of the machine.
  await app.clear();
  await app.useFixture('python-stdlib');
  await symlink('/etc/passwd', join(app.dir, '.slugignore'));
  await app.commit('a link');
  expect((await app.push()).exitCode).toBe(0);
  await rig.api('DELETE', '/apps/ignore');
});

it('warns of Git LFS pointers', async () => {
  const app = await rig.createApp('lfs');
  await app.useFixture('python-stdlib');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d'.repeat(32)}\nsize 12345\n`;
  await app.write({ '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n', 'model.bin': pointer });
  await app.commit('lfs');

  const push = await app.push();

  expect(push.exitCode).toBe(0);
  expect(push.remoteLines.slice(0, 6)).toEqual([
    'Compressing source files...',
    ' !     Warning: 1 file is a Git LFS pointer, not the content:',
    ' !       model.bin',
    ' !     Git LFS is not supported; commit these files to git itself or fetch them in the build.',
    'Building source:',
    '',
  ]);
  await rig.api('DELETE', '/apps/lfs');
});

it('fetches submodules with the token in their URL, which it never shows, and says which one failed', async () => {
  const library = await rig.createApp('library');
  await library.write({ 'greeting.py': 'TEXT = "from the submodule"\n' });
  await library.commit('library');
  await library.push('heroku', 'main:shared');
  const commit = (await library.git('rev-parse', 'HEAD')).trim();
  const url = (token: string, app = 'library'): string => `http://any:${token}@127.0.0.1:${rig.port}/${app}.git`;

  const app = await rig.createApp('user');
  const pushWith = async (submoduleUrl: string, id = commit): Promise<PushResult> => {
    await app.clear();
    await app.write({
      'requirements.txt': '',
      Procfile: 'web: python server.py\n',
      'server.py': (await readFixture('server.py'))
        .replace('"Hello from Python\'s standard library"', 'library.greeting.TEXT')
        .replace('import os', 'import library.greeting\nimport os'),
      '.gitmodules': `[submodule "lib"]\n\tpath = library\n\turl = ${submoduleUrl}\n`,
    });
    await app.git('add', '--all');
    await app.git('update-index', '--add', '--cacheinfo', `160000,${id},library`);
    await app.git('commit', '--quiet', '--allow-empty', '--message', 'submodule');
    return app.push();
  };

  const good = await pushWith(url(rig.token));
  expect([good.exitCode, good.output]).toEqual([0, expect.stringContaining('Verifying deploy... done.')]);
  expect(good.remoteLines).toContain('-----> Git submodules detected, installing');
  expect(good.remoteLines).toContain(`       Submodule path 'library': checked out '${commit}'`);
  expect((await app.get()).body).toContain('from the submodule');

  const failing: readonly (readonly [string, string, string?])[] = [
    [`file://${library.dir}`, 'only https://, http:// and git:// URLs can be fetched'],
    [library.dir, 'only https://, http:// and git:// URLs can be fetched'],
    ['ext::sh -c touch% /tmp/pwned', 'spaces or control characters'],
    ['ext::/bin/true', 'only https://, http:// and git:// URLs can be fetched'],
    ['git@github.com:someone/library.git', 'there is no SSH key here'],
    ['../library.git', 'the URL is relative'],
    [url('wrong-token-of-mine'), 'the user name and token in its URL are refused'],
    [`${rig.url}/library.git`, 'it is private; give its URL a token'],
    [url(rig.token, 'no-such-app'), 'not found'],
    ['http://127.0.0.1:9/library.git', 'Failed to connect'],
    [url(rig.token), 'is not in that repository', '1234567890'.repeat(4)],
  ];
  for (const [from, says, id] of failing) {
    const push = await pushWith(from, id);
    expect([from, push.exitCode, push.output]).toEqual([from, 1, expect.stringContaining(says)]);
    expect(push.output).toContain('Push rejected, failed to fetch the submodule library.');
    expect(push.output).not.toMatch(/wrong-token-of-mine/);
    expect(push.output).not.toContain(rig.token);
    expect((await app.get()).body).toContain('from the submodule');
  }
  const logs = (await app.logs()).join('\n');
  for (const secret of [rig.token, 'wrong-token-of-mine']) {
    expect(logs).not.toContain(secret);
    expect(rig.platformLog).not.toContain(secret);
  }

  expect((await pushWith(url(rig.token))).exitCode).toBe(0);
  await rig.api('DELETE', '/apps/user');
});

/** Answers with its whole tree: path -> `file:<content>` or `link:<target>`, bytes as Latin-1. */
const treeServer = `
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
def look(path):
    if os.path.islink(path): return 'link:' + os.readlink(path).decode('latin-1')
    return 'file:' + open(path, 'rb').read().decode('latin-1')
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        found = {}
        for top, folders, files in os.walk(b'.'):
            if top == b'.': folders[:] = [f for f in folders if f not in (b'.heroku', b'.profile.d')]
            for name in files + [f for f in folders if os.path.islink(os.path.join(top, f))]:
                path = os.path.join(top, name)
                found[path[2:].decode('latin-1')] = look(path)
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Handler).serve_forever()
`;

/** The same of a folder here. */
async function listTree(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (folder: Buffer, prefix: string): Promise<void> => {
    for (const name of await readdir(folder, { encoding: 'buffer' })) {
      const path = Buffer.concat([folder, Buffer.from('/'), name]);
      const shown = prefix + name.toString('latin1');
      const stats = await lstat(path);
      if (['.git', '.heroku', '.profile.d'].includes(shown)) continue;
      if (stats.isSymbolicLink()) found.set(shown, `link:${(await readlink(path, 'buffer')).toString('latin1')}`);
      else if (stats.isDirectory()) await visit(path, `${shown}/`);
      else found.set(shown, `file:${(await readFile(path)).toString('latin1')}`);
    }
  };
  await visit(Buffer.from(root), '');
  return found;
}

async function newestSlug(): Promise<string> {
  const dir = join(rig.dataDir, 'slugs');
  const files = (await readdir(dir)).filter((name) => name.endsWith('.tgz')).map((name) => join(dir, name));
  const times = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })));
  return times.toSorted((a, b) => b.at - a.at)[0]?.file ?? '';
}

function readFixture(name: string): Promise<string> {
  return readFile(join(checkout, 'fixtures', 'apps', 'python-stdlib', name), 'utf8');
}
