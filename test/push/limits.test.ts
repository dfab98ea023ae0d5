import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { startLoad, type LoadReport } from '../rig/request-load.ts';
import { pushTiny, tinyApp } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({
    settings: { HOKKU_STOP_GRACE: '1', HOKKU_BUILD_MEMORY_MB: '256', HOKKU_DYNO_DISK_MB: '128' },
  });
});
afterAll(() => rig[Symbol.asyncDispose]());

const hog = (megabytes: number): string =>
  `python3 -c 'import time; b = bytearray(${megabytes} * 1024 * 1024); time.sleep(270)'`;

/** The lines of the dyno manager about a dyno. */
async function said(app: RigApp, dyno = 'web.1'): Promise<readonly string[]> {
  const lines = await app.logs({ source: 'heroku', dyno });
  return lines.map((line) => line.replace(/^\S+ heroku\[\S+\]: /, ''));
}

/** A `worker` that runs `script` beside a web dyno. */
async function pushWithWorker(app: RigApp, script: string): Promise<void> {
  const Procfile = 'web: exec python server.py\nworker: bash worker.sh\n';
  const push = await pushTiny(app, 'one', { Procfile, 'worker.sh': script });
  expect(push.exitCode).toBe(0);
  const scaled = await rig.api('PATCH', `/apps/${app.name}/formation/worker`, { quantity: 1 });
  expect(scaled.status).toBe(200);
}

it('a dyno above its quota is warned about with R14, far above it ended with R15, which names the process and what to do', async () => {
  const app = await rig.createApp();
  const enabled = await rig.api('PATCH', `/apps/${app.name}/features/log-runtime-metrics`, { enabled: true });
  expect(enabled.json).toMatchObject({ name: 'log-runtime-metrics', enabled: true });
  await pushWithWorker(app, `${hog(600)} &\nsleep 24\n${hog(700)}\n`);

  const lines = await eventually('the end', async () => {
    const all = await said(app, 'worker.1');
    return all.includes('State changed from up to crashed') && all;
  });

  expect(lines).toContain('Error R14 (Memory quota exceeded)');
  expect(lines.find((line) => line.startsWith('Process running mem='))).toMatch(
    /^Process running mem=6\d\dM\(1[12]\d\.\d%\)$/,
  );
  const memory =
    /^source=worker\.1 dyno=heroku\.\S+ sample#memory_total=(\d+\.\d\d)MB .* sample#memory_quota=512\.00MB$/;
  const totals = lines.flatMap((line) => memory.exec(line)?.[1] ?? []);
  expect(Number(totals[0])).toBeGreaterThan(600);
  expect(lines.some((line) => / sample#load_avg_1m=\d+\.\d\d /.test(line))).toBe(true);
  const end = lines.slice(lines.indexOf('Error R15 (Memory quota vastly exceeded)') - 1);
  expect(end.slice(1, 3)).toEqual(['Error R15 (Memory quota vastly exceeded)', 'Stopping process with SIGKILL']);
  expect(end[3]).toMatch(
    /^(The process python3|A process) was killed out of memory \(1\d\d\d MB used, 1024 MB is the limit\)\. The quota .* `heroku ps:type`\.$/,
  );
  expect(end.slice(4, 6)).toEqual(['Process exited with status 137', 'State changed from up to crashed']);
});

it('a boot, a release command and a build that run out of memory are rejected with that as the reason', async () => {
  const app = await rig.createApp();
  const boot = await pushTiny(app, 'one', { Procfile: `web: ${hog(1500)}\n` });
  expect(boot.output).toMatch(
    /web\.1 used up its memory while it started: (the process python3|a process) was killed out of memory/,
  );

  const releasing = await pushTiny(app, 'two', { Procfile: `web: exec python server.py\nrelease: ${hog(1500)}\n` });
  expect(releasing.output).toMatch(/its release command used up its memory: .* is the limit/);

  const building = await pushTiny(app, 'three', {
    ...tinyApp('three'),
    'bin/post_compile': `cat /sys/fs/cgroup/memory/memory.limit_in_bytes\n${hog(400)}\n`,
  });
  expect(building.exitCode).toBe(1);
  expect(building.output).toContain('268435456');
  expect(building.output).toMatch(
    /Cause: +(the process python3|a process) was killed out of memory \(\d+ MB used, 256 MB is the limit\)/,
  );
  expect(building.output).toMatch(/Next: +The build ran out of memory/);
});

/** What it runs, and what the app's log says of it; null: nothing, as there is no harm in it. */
const offenders: readonly (readonly [string, string, RegExp | null])[] = [
  ['a memory hog', `for i in 1 2 3; do ${hog(450)} & done; wait\n`, /Error R15/],
  ['a fork bomb', ':() { : | : & }; :; sleep 30\n', /Resource temporarily unavailable/],
  ['a CPU burner', 'for i in 1 2 3 4 5 6 7 8; do while :; do :; done & done; wait\n', null],
  ['a log flood', 'exec yes "all work and no play"\n', /Error L12 .* messages dropped/],
  ['a runaway file', 'truncate -s 17G /tmp/big; sleep 30\n', /File (too large|size limit exceeded)/],
  [
    'a disk filler',
    'for n in $(seq 400); do head -c 1M /dev/zero > /tmp/$n || break; done; sleep 30\n',
    /No space left on device|Disk limit of the dyno exceeded: \d+ MB written to \/app and \/tmp, 128 MB is the limit/,
  ],
];

describe('beside a quiet app', () => {
  let quiet: RigApp;
  let before: LoadReport & { meanMs: number };
  beforeAll(async () => {
    quiet = await rig.createApp();
    expect((await pushTiny(quiet, 'quiet')).exitCode).toBe(0);
    before = await measure(quiet, () => delay(3_000));
    expect(before.failures).toEqual([]);
  });

  it.each(offenders)(
    '%s hurts only itself: its neighbour and the platform keep answering',
    async (name, script, sign) => {
      const loud = await rig.createApp();
      const during = await measure(quiet, async () => {
        await pushWithWorker(loud, script);
        await delay(3_000);
        const startedAt = performance.now();
        expect((await rig.api('GET', `/apps/${loud.name}/dynos`)).status).toBe(200);
        process.stderr.write(`${name}: the API answers in ${Math.round(performance.now() - startedAt)} ms\n`);
      });
      if (sign !== null) {
        await eventually(String(sign), async () => {
          const lines = [...(await loud.logs()), ...(await loud.logs({ source: 'heroku' }))];
          return lines.some((line) => sign.test(line));
        });
      }
      await rig.api('DELETE', `/apps/${loud.name}`);

      expect(during.failures).toEqual([]);
      expect(new Set(during.bodies)).toEqual(new Set(['quiet of web.1']));
      process.stderr.write(
        `${name}: mean ${before.meanMs.toFixed(1)} ms before, ${during.meanMs.toFixed(1)} ms during\n`,
      );
      // A push of its own goes on beside the load, so that the machine's processors are shared by several; a lost one would be 100 times as slow.
      expect(during.meanMs).toBeLessThan(20 * Math.max(before.meanMs, 10));
    },
  );
});

/** What one request takes while `meanwhile` goes on. */
async function measure(app: RigApp, meanwhile: () => Promise<unknown>): Promise<LoadReport & { meanMs: number }> {
  await using load = startLoad(app);
  const startedAt = performance.now();
  await meanwhile();
  const report = await load.stop();
  // Two lanes, and a pause of 10 ms after each request.
  return { ...report, meanMs: Math.max(1, (2 * (performance.now() - startedAt)) / report.bodies.length - 10) };
}
