import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { startLoad } from '../rig/request-load.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

const megabyte = 1024 * 1024;

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '1' } });
});
afterAll(() => rig[Symbol.asyncDispose]());

async function say(app: RigApp, text: string | Uint8Array): Promise<void> {
  const body = Buffer.from(text).toString('base64');
  const headers = { 'content-length': String(body.length) };
  expect((await rig.request(app.host, '/', { method: 'POST', headers, body })).body).toBe('said');
}

/** What the app itself printed, without the line's head. */
async function printed(app: RigApp): Promise<readonly string[]> {
  const lines = await app.logs({ dyno: 'web.1', source: 'app' });
  return lines.map((line) => line.replace(/^\S+ app\[web\.1\]: /, ''));
}

it('splits long lines, keeps what is binary, and gives a line its own place', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  await say(app, `${'a'.repeat(10_000)}\n${'b'.repeat(10_001)}\n${'c'.repeat(25_000)}\n`);
  await say(app, Buffer.from([0x62, 0x69, 0x6e, 0x00, 0xff, 0xfe, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x80, 0x0d, 0x0a]));
  await say(app, '名前 größe 🚀\n');
  await say(app, 'without end');
  await delay(50);
  await say(app, ', now with one\n\nafter an empty one\n');
  const lines = await eventually('the last line', async () => {
    const all = await printed(app);
    return all.includes('after an empty one') && all;
  });
  const lengths = lines.filter((line) => /^[abc]+$/.test(line)).map((line) => `${line.charAt(0)}${line.length}`);
  expect(lengths).toEqual(['a10000', 'b10000', 'b1', 'c10000', 'c10000', 'c5000']);
  const binary = lines.find((line) => line.startsWith('bin'));
  expect(binary).toMatch(/^bin.*\[31m/s);
  expect(lines).toContain('名前 größe 🚀');
  expect(lines).toContain('without end, now with one');
  await expectNothingLeft(rig);
});

it('a dyno that writes 1 GB holds up nobody else, its log stays bounded, and what is dropped is counted', async () => {
  const loud = await rig.createApp();
  const quiet = await rig.createApp();
  await Promise.all([pushTiny(loud, 'loud'), pushTiny(quiet, 'quiet')]);
  writeFileSync(`/proc/${rig.pid}/clear_refs`, '5');
  const memoryBefore = memoryOf(rig.pid, 'VmRSS');

  await using load = startLoad(quiet);
  await loud.get('/flood?mb=1024');
  let logsTookMs = 0;
  for (let n = 0; n < 5; n += 1) {
    await say(quiet, `still here ${n}\n`);
    const startedAt = performance.now();
    await eventually('the line', async () => (await printed(quiet)).includes(`still here ${n}`));
    logsTookMs = Math.max(logsTookMs, performance.now() - startedAt);
  }
  await eventually('the end of the flood', async () => (await printed(loud)).includes('flood is over'));
  const { failures, slowestMs, bodies } = await load.stop();

  expect(failures).toEqual([]);
  expect(new Set(bodies)).toEqual(new Set(['quiet of web.1']));
  expect(slowestMs).toBeLessThan(5_000);
  expect(logsTookMs).toBeLessThan(10_000);
  expect(memoryOf(rig.pid, 'VmHWM') - memoryBefore).toBeLessThan(200 * megabyte);
  expect(bytesOf(join(rig.dataDir, 'logs')) + bytesOf(join(rig.dataDir, 'dynos'))).toBeLessThan(64 * megabyte);
  // Told once a second at most, and by a platform that has caught up.
  await eventually('word of what was dropped', async () =>
    (await loud.logs({ source: 'heroku' })).some((line) =>
      /heroku\[logplex\]: Error L\d\d .*\d+ messages dropped/.test(line),
    ),
  );
  // The app itself is well, and so is its log.
  expect((await loud.get()).body).toBe('loud of web.1');
  await say(loud, 'quiet again\n');
  await eventually('the next line', async () => (await printed(loud)).includes('quiet again'));
  await expectNothingLeft(rig);
});

/** Of all files below that can be seen: an overlay's own folder can't. */
function bytesOf(dir: string): number {
  let bytes = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory() && entry.name !== 'work') bytes += bytesOf(path);
    // What they take, not how long they are: a dyno's disk is a file with holes.
    if (entry.isFile()) bytes += (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  }
  return bytes;
}

/** Bytes. */
function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

it("keeps an answered call's line over a kill -9 right after the answer", async () => {
  const app = await rig.createApp();
  for (let n = 1; n <= 5; n += 1) {
    await rig.api('PATCH', `/apps/${app.name}/config-vars`, { [`KEPT_${n}`]: 'yes' });
    await rig.killServer();
    await rig.startServer();
  }
  const text = (await app.logs({ source: 'app', dyno: 'api' })).join('\n');
  expect(text.match(/Set KEPT_\d config vars/g)).toEqual([1, 2, 3, 4, 5].map((n) => `Set KEPT_${n} config vars`));
  await expectNothingLeft(rig);
});
