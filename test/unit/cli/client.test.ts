import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ago } from '../../../src/cli/client/ago.ts';
import { ApiClient } from '../../../src/cli/client/api-client.ts';
import { ApiError, ClientError, renderError } from '../../../src/cli/client/client-error.ts';
import { fileSize } from '../../../src/cli/client/commands/app-info.ts';
import { parseChange } from '../../../src/cli/client/commands/ps.ts';
import { joinCommand, parseEnv } from '../../../src/cli/client/commands/run.ts';
import { EventStreamParser } from '../../../src/cli/client/event-stream.ts';
import { ExitStatusFilter } from '../../../src/cli/client/exit-status-filter.ts';
import { appOf, GitRepository } from '../../../src/cli/client/git-remotes.ts';
import { inferApp } from '../../../src/cli/client/infer-app.ts';
import { quoteForDotenv } from '../../../src/cli/client/shell-quote.ts';
import { parsePlatformUrl } from '../../../src/cli/platforms/platform-url.ts';

it.each([
  ['https://paas.example.com/my-app.git', 'https://paas.example.com', 'my-app'],
  ['https://ada@paas.example.com/my-app.git', 'https://paas.example.com', 'my-app'],
  ['https://paas.example.com:443/my-app.git', 'https://paas.example.com', 'my-app'],
  ['https://localhost:5000/my-app.git', 'http://localhost:5000', 'my-app'],
  ['http://127.0.0.1:5000/my-app.git', 'http://localhost:5000', 'my-app'],
  ['https://paas.example.com:8443/my-app.git', 'https://paas.example.com', null],
  ['https://git.heroku.com/my-app.git', 'https://paas.example.com', null],
  ['https://paas.example.com.evil.example/my-app.git', 'https://paas.example.com', null],
  ['https://paas.example.com@evil.example/my-app.git', 'https://paas.example.com', null],
  ['https://paas.example.com/a/b.git', 'https://paas.example.com', null],
  ['https://paas.example.com/../x.git', 'https://paas.example.com', null],
  ['git@paas.example.com:my-app.git', 'https://paas.example.com', null],
])('reads the remote %s at %s as the app %j', (remote, platform, app) => {
  expect(appOf(remote, parsePlatformUrl(platform))).toBe(app);
});

it('finds the app: the option, HEROKU_APP, then the one git remote, or the one that is named', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-infer-'));
  try {
    const git = (...args: string[]): void => {
      const { status } = spawnSync('git', ['-C', dir, ...args]);
      expect({ args, status }).toEqual({ args, status: 0 });
    };
    git('init', '--quiet');
    git('remote', 'add', 'origin', 'https://github.example/ada/my-app.git');
    const platform = parsePlatformUrl('https://paas.example.com');
    const env = { PATH: process.env['PATH'], GIT_DIR: join(dir, '.git'), HOME: dir };
    const infer = (options: { app?: string; remote?: string }, more: Record<string, string> = {}): Promise<string> =>
      inferApp(options, { ...env, ...more }, new GitRepository(env), platform);

    await expect(infer({})).rejects.toThrow('Missing required flag app');
    await expect(infer({ remote: 'staging' })).rejects.toThrow('remote staging not found in git remotes');
    git('remote', 'add', 'heroku', 'https://paas.example.com/my-app.git');
    expect(await infer({})).toBe('my-app');
    git('remote', 'add', 'staging', 'https://paas.example.com/my-staging.git');
    await expect(infer({})).rejects.toThrow('Multiple apps in git remotes\n  Usage: --remote staging');
    expect(await infer({ remote: 'staging' })).toBe('my-staging');
    git('config', 'heroku.remote', 'heroku');
    expect(await infer({})).toBe('my-app');
    expect(await infer({}, { HEROKU_APP: 'from-env' })).toBe('from-env');
    expect(await infer({ app: 'from-option' }, { HEROKU_APP: 'from-env' })).toBe('from-option');
    for (const app of ['../account', 'a/b', 'a?b', 'a b', '%2e%2e'])
      await expect(infer({ app })).rejects.toThrow('is not the name of an app');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

it('prints errors in the official form', () => {
  const long = 'Name must start with a letter, end with a letter or digit and can only contain lowercase letters.';
  expect(renderError(new ApiError(422, long, { id: 'invalid_params', url: 'https://docs.example/x' }))).toBe(
    [
      ' ›   Error: Name must start with a letter, end with a letter or digit and can ',
      ' ›   only contain lowercase letters.',
      ' ›',
      ' ›   Error ID: invalid_params',
      ' ›   See https://docs.example/x for more information.',
      '',
    ].join('\n'),
  );
  expect(renderError(new ClientError('No web dynos on my-app'))).toBe('    Error: No web dynos on my-app\n');
  expect(renderError(new ClientError('x'.repeat(150)))).toBe(
    `    Error: \n    ${'x'.repeat(74)}\n    ${'x'.repeat(74)}\n    xx\n`,
  );
  expect(new ApiError(404, 'x', {}).exitCode).toBe(2);
});

it.each([
  ['plain', 'plain'],
  ['', ''],
  ['two words', "'two words'"],
  [`it's "b" $x`, `"it's \\"b\\" \\$x"`],
  ['two\nlines', '"two\\nlines"'],
])('quotes %j for a shell as %j', (value, quoted) => {
  expect(quoteForDotenv(value)).toBe(quoted);
});

it.each([
  ['web=2', { type: 'web', quantity: '2' }],
  ['worker+1', { type: 'worker', quantity: '+1' }],
  ['my-worker-1', { type: 'my-worker', quantity: '-1' }],
  ['web=1:Standard-2X', { type: 'web', quantity: '1', size: 'Standard-2X' }],
])('reads the change %s', (text, change) => {
  expect(parseChange(text)).toEqual(change);
});

it.each(['web', 'web=', 'web=x', 'web=-1x', '=1', 'web=1:', 'web=99999999'])('refuses the change %s', (text) => {
  expect(() => parseChange(text)).toThrow('is invalid');
});

it('joins a command, and reads the vars of --env', () => {
  expect(joinCommand(['rake db:migrate && ls'])).toBe('rake db:migrate && ls');
  expect(joinCommand(['echo', 'two words', 'a"b', "it's"])).toBe(`echo "two words" "a\\"b" it's`);
  expect(() => joinCommand([])).toThrow('Usage: hokku run COMMAND');
  expect(parseEnv('A=1;B=x=y; C = "q"')).toEqual({ A: '1', B: 'x=y', C: '"q"' });
  expect(() => parseEnv('A=1;B')).toThrow('--env takes KEY=VALUE');
});

it('says how long ago, and how large', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  const since = (seconds: number): string => ago(new Date(now - seconds * 1000).toISOString(), now);
  expect(since(0)).toMatch(/^2026\/01\/0\d \d\d:04:05 [+-]\d{4} \(~ 0s ago\)$/);
  expect([59, 60, 3_599, 3_600, 89_999].map((s) => /\(.*\)/.exec(since(s))?.[0])).toEqual([
    '(~ 59s ago)',
    '(~ 1m ago)',
    '(~ 59m ago)',
    '(~ 1h ago)',
    '(~ 24h ago)',
  ]);
  expect(since(90_000)).not.toContain('ago');
  expect([null, 0, 1023, 1024, 2_867, 300 * 1024 ** 2].map((size) => fileSize(size))).toEqual([
    '0 B',
    '0 B',
    '1023 B',
    '1 KB',
    '3 KB',
    '300 MB',
  ]);
});

it('reads an event stream however it is cut', () => {
  const stream = ': ping\n\nretry: 50\n\nid: 7\ndata: one\ndata: two\n\nid: 8\r\ndata: drei ü\r\n\r\n: ping\n\n';
  const events = [
    { id: '7', data: 'one\ntwo' },
    { id: '8', data: 'drei ü' },
  ];
  for (const size of [1, 2, 3, 5, 1000]) {
    const parser = new EventStreamParser();
    const seen = [];
    for (let at = 0; at < stream.length; at += size) seen.push(...parser.push(stream.slice(at, at + size)));
    expect({ size, seen, retryMs: parser.retryMs }).toEqual({ size, seen: events, retryMs: 50 });
  }
  expect(() => new EventStreamParser().push('x'.repeat(5_000_000))).toThrow('without end');
});

it('takes the exit status out of the output of a dyno, however it is cut, and changes no other byte', () => {
  const bytes = Buffer.concat([
    Buffer.from([0xff, 0xfe, 0x00, 0x0d]),
    Buffer.from('Grüße 🎈\r\n\uFFFF heroku-command\r\n'),
    Buffer.from('\uFFFF heroku-command-exit-status: 17\r\nrest'),
  ]);
  const expected = Buffer.concat([
    Buffer.from([0xff, 0xfe, 0x00, 0x0d]),
    Buffer.from('Grüße 🎈\n\uFFFF heroku-command\nrest'),
  ]);
  for (const size of [1, 2, 7, 31, 1000]) {
    const filter = new ExitStatusFilter({ seeksStatus: true, keepsCarriageReturns: false });
    const parts = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(filter.push(bytes.subarray(at, at + size)));
    parts.push(filter.end());
    expect({ size, text: Buffer.concat(parts).toString('hex'), status: filter.status }).toEqual({
      size,
      text: expected.toString('hex'),
      status: 17,
    });
  }
  const terminal = new ExitStatusFilter({ seeksStatus: false, keepsCarriageReturns: true });
  expect(Buffer.concat([terminal.push(bytes), terminal.end()])).toEqual(bytes);
});

it('asks for every page, follows no redirect, and shows warnings once', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const range = request.headers.range ?? '';
    seen.push(`${request.method ?? ''} ${request.url ?? ''} ${range}`.trim());
    if (request.url === '/moved') {
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end();
      return;
    }
    const next = range === '' ? { 'next-range': 'id ]2..; max=2' } : {};
    response.writeHead(range === '' ? 206 : 200, {
      'content-type': 'application/json',
      'x-heroku-warning': 'warning: Mind the gap',
      ...next,
    });
    response.end(JSON.stringify(range === '' ? [1, 2] : [3]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const warnings: string[] = [];
    const target = { url: parsePlatformUrl(`http://127.0.0.1:${port}`), token: 't', ca: null, dataDir: null };
    const api = new ApiClient(target, (message) => warnings.push(message));

    expect(await api.request('/apps')).toEqual([1, 2, 3]);
    expect(seen).toEqual(['GET /apps', 'GET /apps id ]2..; max=2']);
    expect(warnings).toEqual(['Mind the gap']);
    await expect(api.request('/moved')).rejects.toThrow('answered 302');
    expect(seen).toHaveLength(3);
  } finally {
    server.close();
  }
  const gone = { url: parsePlatformUrl(`http://127.0.0.1:${port}`), token: 't', ca: null, dataDir: null };
  await expect(new ApiClient(gone, () => undefined).request('/apps')).rejects.toThrow(
    `http://127.0.0.1:${port} cannot be reached (ECONNREFUSED)`,
  );
});
