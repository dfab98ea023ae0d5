import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '../../..');
let dir = '';
let site: StaticServer;

class StaticServer {
  readonly port: number;
  readonly child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.child = child;
    this.port = port;
  }

  static async start(
    cwd: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<StaticServer> {
    const script = join(root, 'buildpacks/shared/static/serve.mjs');
    const child = spawn(process.execPath, [script, ...args], { cwd, env: { PORT: '0', HOST: '127.0.0.1', ...env } });
    let output = '';
    const port = await new Promise<number>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /on port (\d+)/.exec(output)?.[1];
        if (found !== undefined) resolve(Number(found));
      });
      child.once('close', (code) => {
        reject(new Error(`exited with ${String(code)}: ${output}`));
      });
    });
    return new StaticServer(child, port);
  }

  /** One request, its target sent as it is: clients would tidy it. */
  async get(target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Raw> {
    const lines = Object.entries({ host: 'site.test', connection: 'close', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const socket = connect(this.port, '127.0.0.1');
    socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    const [first = '', ...rest] = all.subarray(0, end).toString().split('\r\n');
    const pairs = rest.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(pairs), body: all.subarray(end + 4) };
  }

  async stop(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGTERM');
    return ended;
  }
}

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'static-'));
  await cp(join(root, 'fixtures/apps/static-site'), dir, { recursive: true });
  const files = join(dir, 'public_html');
  await writeFile(join(dir, 'secret.txt'), 'a secret');
  await symlink('../secret.txt', join(files, 'link-out.txt'));
  await symlink('/etc', join(files, 'link-etc'));
  await symlink('about.html', join(files, 'link-in.html'));
  await mkdir(join(files, '.git'));
  await writeFile(join(files, '.git/config'), 'a secret');
  await mkdir(join(files, 'docs'));
  await writeFile(join(files, 'docs/index.html'), 'The docs');
  await writeFile(join(files, 'my-Homepage.js'), 'let c;');
  await writeFile(join(files, 'clip.mp4'), 'abcdefghij');
  await writeFile(join(files, 'naïve file.txt'), 'a name with more');
  site = await StaticServer.start(dir);
});

afterAll(async () => {
  await site.stop();
  await rm(dir, { recursive: true, force: true });
});

it.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/%2e%2e%2fsecret.txt',
  '/..%2fsecret.txt',
  '/assets/%2e%2e/%2e%2e/secret.txt',
  '/..\\secret.txt',
  '/..%5csecret.txt',
  '//etc/passwd',
  '///../etc/passwd',
  '/%00/../secret.txt',
  '/index.html%00.txt',
  '/link-out.txt',
  '/link-etc/passwd',
  '/.git/config',
  '/%2egit/config',
  '/assets/..;/secret.txt',
  '/%c0%ae%c0%ae/secret.txt',
  '/%ff',
  '/%',
  'http://other.test/../secret.txt',
])('answers %s with the error page, and nothing of the machine', async (target) => {
  const { status, body } = await site.get(target);
  expect(status).toBe(404);
  expect(body.toString()).toContain('No such page here');
});

it('takes files first, then clean URLs, folders and routes', async () => {
  expect((await site.get('/')).body.toString()).toContain('Hello from plain files');
  expect((await site.get('/?page=2')).body.toString()).toContain('Hello from plain files');
  expect((await site.get('/about')).body.toString()).toContain('About this site');
  expect(await site.get('/about.html?a=1')).toMatchObject({ status: 301, headers: { location: '/about?a=1' } });
  expect(await site.get('/docs?a=1')).toMatchObject({ status: 301, headers: { location: '/docs/?a=1' } });
  expect((await site.get('/docs/')).body.toString()).toBe('The docs');
  expect((await site.get('/app/deep/path')).body.toString()).toContain('One page for many paths');
  expect((await site.get('/link-in')).body.toString()).toContain('About this site');
  expect((await site.get('/na%C3%AFve%20file.txt')).body.toString()).toBe('a name with more');
  expect(await site.get('/old/news')).toMatchObject({ status: 302, headers: { location: '/about' } });
  expect((await site.get('/old/news/more')).status).toBe(404);
  expect(await site.get('//docs')).toMatchObject({ status: 301, headers: { location: '/docs/' } });
  expect((await site.get('/', {}, 'POST')).status).toBe(405);
  expect((await site.get(`/${'a/'.repeat(3000)}`)).status).toBe(404);
});

it('compresses text as the client accepts it, and says what caches may do', async () => {
  const css = '/assets/site-4f2a9c1e.css';
  const plain = await site.get(css);
  expect(plain.headers).toMatchObject({
    'content-type': 'text/css; charset=utf-8',
    vary: 'Accept-Encoding',
    'x-frame-options': 'DENY',
    'cache-control': 'public, max-age=60',
  });
  const zipped = await site.get(css, { 'accept-encoding': 'gzip;q=1.0, br;q=0' });
  expect([zipped.headers['content-encoding'], gunzipSync(zipped.body)]).toEqual(['gzip', plain.body]);
  const smaller = await site.get(css, { 'accept-encoding': 'gzip, deflate, br' });
  expect([smaller.headers['content-encoding'], brotliDecompressSync(smaller.body)]).toEqual(['br', plain.body]);
  expect(smaller.body.length).toBeLessThan(plain.body.length / 3);
  expect(smaller.headers['etag']).not.toBe(plain.headers['etag']);

  const head = await site.get(css, {}, 'HEAD');
  expect([head.body.length, Number(head.headers['content-length'])]).toEqual([0, plain.body.length]);
  const again = await site.get(css, { 'if-none-match': plain.headers['etag'] ?? '' });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  expect((await site.get(css, { 'if-modified-since': plain.headers['last-modified'] ?? '' })).status).toBe(304);
  expect((await site.get('/')).headers['cache-control']).toBe('no-cache');
  expect((await site.get('/my-Homepage.js')).headers['cache-control']).toBe('no-cache');
});

it('sends one range of what is not text', async () => {
  const some = await site.get('/clip.mp4', { range: 'bytes=2-4' });
  expect([some.status, some.headers['content-range'], some.body.toString()]).toEqual([206, 'bytes 2-4/10', 'cde']);
  expect((await site.get('/clip.mp4', { range: 'bytes=-3' })).body.toString()).toBe('hij');
  expect((await site.get('/clip.mp4', { range: 'bytes=10-' })).status).toBe(416);
  expect((await site.get('/clip.mp4', { range: 'bytes=1-2,4-5' })).body.toString()).toBe('abcdefghij');
});

it('serves one page for all paths, long-lived names, one host, and HTTPS only', async () => {
  const front = await mkdtemp(join(tmpdir(), 'static-'));
  try {
    await mkdir(join(front, 'dist/assets'), { recursive: true });
    await writeFile(join(front, 'dist/index.html'), 'The page');
    await writeFile(join(front, 'dist/assets/index-BwQ3x9Lk.js'), 'let a;');
    await writeFile(join(front, 'dist/assets/index-Blbe_Jou.js'), 'let b;');
    const spa = await StaticServer.start(front, ['dist', '--spa']);
    expect((await spa.get('/any/path')).body.toString()).toBe('The page');
    expect((await spa.get('/assets/index-of-yesterday.js')).status).toBe(404);
    expect((await spa.get('/%2e%2e/static.json')).status).toBe(404);
    expect((await spa.get('/assets/index-BwQ3x9Lk.js')).headers['cache-control']).toBe(
      'public, max-age=31536000, immutable',
    );
    expect((await spa.get('/assets/index-Blbe_Jou.js')).headers['cache-control']).toContain('immutable');
    expect(await spa.stop()).toBe(0);

    const settings = {
      root: 'dist',
      https_only: true,
      canonical_host: '${SITE}',
      redirects: { '/go': { url: 'https://${SITE}/x' } },
    };
    await writeFile(join(front, 'static.json'), JSON.stringify(settings));
    const strict = await StaticServer.start(front, [], { SITE: 'www.site.test' });
    const secure = { host: 'www.site.test', 'x-forwarded-proto': 'https' };
    expect(await strict.get('/a?b=c')).toMatchObject({
      status: 301,
      headers: { location: 'https://www.site.test/a?b=c' },
    });
    expect(await strict.get('/', { ...secure, host: 'site.test' })).toMatchObject({
      status: 301,
      headers: { location: 'https://www.site.test/' },
    });
    expect((await strict.get('/', secure)).status).toBe(200);
    expect(await strict.get('/go', secure)).toMatchObject({
      status: 301,
      headers: { location: 'https://www.site.test/x' },
    });
    await strict.stop();
  } finally {
    await rm(front, { recursive: true, force: true });
  }
});

it.each([
  ['{', /isn't valid JSON/],
  ['{"root": "../.."}', /isn't inside of the app/],
  ['{"root": "nowhere"}', /doesn't exist/],
  ['{"root": "/etc"}', /doesn't exist/],
  ['{"root": ".", "redirects": {"/a": {"url": "/b", "status": 200}}}', /needs a url/],
  ['{"root": ".", "headers": {"/a": {"X Bad": "1"}}}', /isn't the name of a header/],
  ['{"root": ".", "routes": {"/*/*/*/*/*/*": "a"}}', /more than 5 stars/],
])('refuses to start with the static.json %s', async (text, reason) => {
  const bad = await mkdtemp(join(tmpdir(), 'static-'));
  try {
    await writeFile(join(bad, 'static.json'), text);
    await expect(StaticServer.start(bad)).rejects.toThrow(reason);
  } finally {
    await rm(bad, { recursive: true, force: true });
  }
});
