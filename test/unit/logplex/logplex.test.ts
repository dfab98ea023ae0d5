import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { openOutbound } from '../../../src/lib/outbound.ts';
import { openLogplex, type Logplex, type LogplexLimits } from '../../../src/logplex/index.ts';
import type { AppId } from '../../../src/model/ids.ts';
import { buildLogOf, type LogFilter, type LogLine } from '../../../src/model/log.ts';

const log = pino({ level: 'silent' });
const outbound = openOutbound({ publicPort: () => 0, allowLoopback: true, allowedNets: [] });
const appId = randomUUID() as AppId;
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-logplex-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const open = (limits: Partial<LogplexLimits> = {}) => openLogplex({ dir, log, outbound, limits });

function line(message: string | Uint8Array, more: Partial<LogLine> = {}): LogLine {
  return { atMicros: 1_284_650_026_677_020n, source: 'app', process: 'web.1', message, ...more };
}

async function texts(logplex: Logplex, options: { lines?: number; filter?: LogFilter } = {}): Promise<string[]> {
  const { token } = logplex.createSession(appId, {
    lines: options.lines ?? 1500,
    tail: false,
    filter: options.filter ?? {},
  });
  const session = logplex.openSession(token, null);
  const all: string[] = [];
  for await (const batch of session?.lines(new AbortController().signal) ?? []) all.push(...batch.map((l) => l.text));
  return all;
}

const messages = (lines: readonly string[]) => lines.map((text) => text.slice(text.indexOf(': ') + 2));

it('shows lines as Heroku does, in the order they were appended, and again after a restart', async () => {
  {
    await using logplex = await open();
    logplex.append(appId, [
      line('Processing PostController#list'),
      line('at=info', { source: 'heroku', process: 'router' }),
    ]);
    logplex.append(appId, [line(Buffer.from([0x68, 0xff, 0x69])), line('10%\r20%\r\n'), line('')]);
    expect(await texts(logplex)).toEqual([
      '2010-09-16T15:13:46.677020+00:00 app[web.1]: Processing PostController#list',
      '2010-09-16T15:13:46.677020+00:00 heroku[router]: at=info',
      '2010-09-16T15:13:46.677020+00:00 app[web.1]: h\ufffdi',
      '2010-09-16T15:13:46.677020+00:00 app[web.1]: 10% 20%',
      '2010-09-16T15:13:46.677020+00:00 app[web.1]: ',
    ]);
  }
  await using again = await open();
  again.append(appId, [line('after')]);
  expect(messages(await texts(again)).slice(-2)).toEqual(['', 'after']);
});

it('counts lines after filtering; a type matches all its dynos', async () => {
  await using logplex = await open();
  for (let i = 0; i < 50; i += 1) {
    logplex.append(appId, [
      line(`one ${i}`),
      line(`two ${i}`, { process: 'web.2' }),
      line(`job ${i}`, { process: 'webhook.1' }),
      line(`up ${i}`, { source: 'heroku' }),
    ]);
  }
  expect(messages(await texts(logplex, { lines: 3, filter: { process: 'web', source: 'app' } }))).toEqual([
    'two 48',
    'one 49',
    'two 49',
  ]);
  expect(messages(await texts(logplex, { lines: 2, filter: { process: 'web.1' } }))).toEqual(['one 49', 'up 49']);
  expect(await texts(logplex, { lines: 0 })).toEqual([]);
});

it('splits what is longer than 10,000 bytes, between characters', async () => {
  await using logplex = await open();
  logplex.append(appId, [
    line('é'.repeat(9999) + 'x'),
    line(Buffer.alloc(10_001, 0x80)),
    line(`x${'漢'.repeat(3400)}`),
  ]);
  const sizes = messages(await texts(logplex)).map((text) => [text.length, text.replaceAll('\ufffd', '').length]);
  expect(sizes).toEqual([
    [5000, 5000],
    [5000, 5000],
    [10_000, 0],
    [1, 0],
    [3334, 3334],
    [67, 67],
  ]);
});

it('remembers how far each reader had come, even when its line has been rotated away', async () => {
  const limits = { maxSegments: 2, maxSegmentBytes: 4096 };
  {
    await using logplex = await open(limits);
    logplex.append(appId, [line('early', { cursor: { reader: 'dyno-a', position: 77 } })]);
    for (let i = 0; i < 200; i += 1) {
      logplex.append(appId, [line(`line ${i} ${'.'.repeat(100)}`, { cursor: { reader: 'router', position: i } })]);
      if (i % 10 === 0) await logplex.flush();
    }
    expect(logplex.cursorOf(appId, 'router')).toBe(199);
  }
  const files = await readdir(join(dir, appId));
  expect(files).toHaveLength(2);
  for (const file of files) expect((await stat(join(dir, appId, file))).size).toBeLessThan(8192);

  await using again = await open(limits);
  expect(again.cursorOf(appId, 'dyno-a')).toBe(77);
  expect(again.cursorOf(appId, 'router')).toBe(199);
  expect(again.cursorOf(appId, 'nobody')).toBeNull();
  expect((await texts(again)).at(-1)).toContain('line 199');
});

it.each([
  ['cut short', (path: string, size: number) => truncate(path, size - 5)],
  ['followed by half a frame', (path: string) => appendFile(path, Buffer.from('HLF1\x40\0\0\0\0\0\0\0half'))],
  ['followed by zeros', (path: string) => appendFile(path, Buffer.alloc(4096))],
])('goes on from the last whole frame when the file was %s', async (_how, damage) => {
  {
    await using logplex = await open();
    logplex.append(appId, [line('kept', { cursor: { reader: 'r', position: 1 } })]);
    await logplex.flush();
    logplex.append(appId, [line('maybe', { cursor: { reader: 'r', position: 2 } })]);
  }
  const path = join(dir, appId, '00000001.log');
  await damage(path, (await stat(path)).size);

  await using again = await open();
  const position = again.cursorOf(appId, 'r');
  const survived = position === 2 ? ['kept', 'maybe'] : ['kept'];
  expect(messages(await texts(again))).toEqual(survived);
  again.append(appId, [line('new')]);
  expect(messages(await texts(again))).toEqual([...survived, 'new']);
});

it('opens with the segment before when the newest holds nothing whole', async () => {
  {
    await using logplex = await open();
    logplex.append(appId, [line('kept', { cursor: { reader: 'r', position: 1 } })]);
  }
  await appendFile(join(dir, appId, '00000002.log'), 'HLF1 torn');
  await using again = await open();
  expect(again.cursorOf(appId, 'r')).toBe(1);
  again.append(appId, [line('new')]);
  expect(messages(await texts(again))).toEqual(['kept', 'new']);
});

it('tails live lines behind the backlog, and resumes behind an id without a gap or a line twice', async () => {
  await using logplex = await open();
  logplex.append(appId, [line('old 1'), line('old 2')]);
  const { token } = logplex.createSession(appId, { lines: 1, tail: true, filter: {} });

  const first = logplex.openSession(token, null);
  const seen: { id: string; text: string }[] = [];
  const stop = new AbortController();
  let count = 0;
  for await (const batch of first?.lines(stop.signal) ?? []) {
    seen.push(...batch);
    if (count === 0) for (let i = 0; i < 3; i += 1) logplex.append(appId, [line(`live ${i}`)]);
    count += batch.length;
    if (count === 4) stop.abort();
  }
  expect(messages(seen.map(({ text }) => text))).toEqual(['old 2', 'live 0', 'live 1', 'live 2']);

  logplex.append(appId, [line('meanwhile 1'), line('meanwhile 2')]);
  const resumed = logplex.openSession(token, seen[2]?.id ?? null);
  const again: string[] = [];
  const stopAgain = new AbortController();
  for await (const batch of resumed?.lines(stopAgain.signal) ?? []) {
    again.push(...batch.map(({ text }) => text));
    if (again.length === 3) logplex.append(appId, [line('later')]);
    if (again.length >= 4) stopAgain.abort();
  }
  expect(messages(again)).toEqual(['live 2', 'meanwhile 1', 'meanwhile 2', 'later']);
});

it('shows a live line once it is on disk, so that a crash cannot give its number to another', async () => {
  await using logplex = await open();
  logplex.append(appId, [line('backlog')]);
  const { token } = logplex.createSession(appId, { lines: 1, tail: true, filter: {} });
  const stop = new AbortController();
  let shown = 0;
  for await (const batch of logplex.openSession(token, null)?.lines(stop.signal) ?? []) {
    for (const message of messages(batch.map(({ text }) => text))) {
      const files = readdirSync(join(dir, appId)).map((name) => readFileSync(join(dir, appId, name)));
      expect(Buffer.concat(files).includes(message)).toBe(true);
    }
    shown += batch.length;
    if (shown > 20) stop.abort();
    logplex.append(appId, [line(`live ${shown}`)]);
  }
  expect(shown).toBeGreaterThan(20);
});

it('drops for a tail reader that is too slow, says so, and never waits for it', async () => {
  await using logplex = await open({ tailBufferBytes: 256 * 1024 });
  logplex.append(appId, [line('start')]);
  const { token } = logplex.createSession(appId, { lines: 1, tail: true, filter: {} });
  const stop = new AbortController();
  const all: string[] = [];
  let flooded = false;
  for await (const batch of logplex.openSession(token, null)?.lines(stop.signal) ?? []) {
    all.push(...batch.map(({ text }) => text));
    if (!flooded) {
      flooded = true;
      const chunk = Array.from({ length: 1000 }, (_, i) => line(`${i} ${'x'.repeat(90)}`));
      for (let i = 0; i < 20; i += 1) logplex.append(appId, chunk);
      logplex.append(appId, [line('end')]);
      await logplex.flush();
    }
    if (all.at(-1)?.endsWith(': end') === true) stop.abort();
  }
  const notice = all.find((text) => text.includes('Error L11'));
  const match =
    /^\S+ heroku\[logplex\]: Error L11 \(Tail buffer overflow\) -> This tail session dropped (\d+) messages since \S+\.$/.exec(
      notice ?? '',
    );
  expect(Number(match?.[1]) + all.length - 1).toBe(20_002);
  expect(all).toHaveLength(new Set(all.map((_, i) => i)).size);
});

it('opens a session by its token only, and not after it has expired or its app has gone', async () => {
  await using logplex = await open({ sessionIdleMs: 50 });
  logplex.append(appId, [line('x')]);
  await logplex.flush();
  expect(logplex.openSession('nope', null)).toBeNull();
  const { token } = logplex.createSession(appId, { lines: 1, tail: false, filter: {} });
  const deadline = Date.now() + 5000;
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(Date.now()).toBeLessThan(deadline);
  expect(logplex.openSession(token, null)).toBeNull();

  const tail = logplex.createSession(appId, { lines: 1, tail: true, filter: {} });
  const ended = (async () => {
    let batches = 0;
    for await (const _ of logplex.openSession(tail.token, null)?.lines(new AbortController().signal) ?? []) {
      batches += 1;
      if (batches === 1) void logplex.remove(appId);
    }
    return batches;
  })();
  expect(await ended).toBe(1);
  await logplex.remove(appId);
  logplex.append(appId, [line('straggler')]);
  await logplex.flush();
  expect(await readdir(dir)).toEqual(['.drains', '.sessions']);
});

it('lets a tail go on after a restart, for as long as its app is there', async () => {
  const stop = new AbortController();
  const seen: { id: string; text: string }[] = [];
  const tail = { lines: 10, tail: true, filter: { process: 'web' } };
  const others = randomUUID() as AppId;
  const { token, past, gone } = await (async () => {
    await using logplex = await open();
    logplex.append(appId, [line('before'), line('other', { process: 'worker.1' })]);
    const sessions = {
      token: logplex.createSession(appId, tail).token,
      past: logplex.createSession(appId, { ...tail, tail: false }).token,
      gone: logplex.createSession(others, tail).token,
    };
    for await (const batch of logplex.openSession(sessions.token, null)?.lines(stop.signal) ?? []) {
      seen.push(...batch);
      break;
    }
    return sessions;
  })();
  // The token itself is not stored.
  expect((await readdir(join(dir, '.sessions'))).filter((name) => name.includes(token))).toEqual([]);
  await writeFile(join(dir, '.sessions', 'torn'), '{"hash":');

  await using again = await open();
  await again.sweep(new Set([appId]));
  again.append(appId, [line('after'), line('other', { process: 'worker.1' })]);
  for await (const batch of again.openSession(token, seen[0]?.id ?? null)?.lines(stop.signal) ?? []) {
    seen.push(...batch);
    break;
  }

  expect(messages(seen.map(({ text }) => text))).toEqual(['before', 'after']);
  expect(again.openSession(past, null)).toBeNull();
  expect(again.openSession(gone, null)).toBeNull();
  await again[Symbol.asyncDispose]();
  expect(await readdir(join(dir, '.sessions'))).toHaveLength(1);
});

it('makes room for a new session among those that nobody reads', async () => {
  await using logplex = await open({ maxSessionsPerApp: 2 });
  const create = () => logplex.createSession(appId, { lines: 1, tail: true, filter: {} }).token;
  const [idle, read] = [create(), create()];
  expect(logplex.openSession(read, null)).not.toBeNull();
  const third = create();
  expect(logplex.openSession(idle, null)).toBeNull();
  expect(logplex.openSession(third, null)).not.toBeNull();
  expect(create).toThrow(/All 2 log sessions are being read/);
});

it('drops what the disk does not take, goes on when it does again, and says how much is missing', async () => {
  await using logplex = await open();
  expect(logplex.cursorOf(appId, 'reader')).toBeNull();
  await writeFile(join(dir, appId), 'in the way of the folder');
  logplex.append(appId, [line('lost 1'), line('lost 2')]);
  await logplex.flush();
  logplex.append(appId, [line('lost 3')]);
  await logplex.flush();
  await rm(join(dir, appId));
  logplex.append(appId, [line('kept')]);

  const [notice, kept, ...more] = await texts(logplex);
  expect(notice).toMatch(
    /heroku\[logplex\]: Error L13 \(Local delivery error\) -> 3 messages could not be written since \S+ \(EEXIST\)\.$/,
  );
  expect(kept).toContain('app[web.1]: kept');
  expect(more).toEqual([]);
});

it('sweeps the logs of apps that are gone, and keeps those of the others and of their builds', async () => {
  const gone = randomUUID() as AppId;
  {
    await using logplex = await open();
    for (const id of [appId, buildLogOf(appId), gone, buildLogOf(gone)]) logplex.append(id, [line('x')]);
  }
  await using again = await open();
  const fresh = randomUUID() as AppId;
  again.append(fresh, [line('x')]);
  await again.flush();
  await again.sweep(new Set([appId]));
  expect((await readdir(dir)).sort()).toEqual(['.drains', '.sessions', appId, buildLogOf(appId), fresh].sort());
});
