import { expect, it } from '@jest/globals';
import { LoadAverage } from '../../../src/formation/runtime-metrics.ts';
import { FormationRig, until } from '../../rig/formation-rig.ts';

const megabyte = 1024 * 1024;

it('says R14 as long as a dyno is above its quota, and tells the metrics of an app that wants them, in Heroku’s form', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  const dyno = rig.runtime.last('web.1');
  const cacheBytes = 300 * megabyte;
  dyno.used = {
    rssBytes: 500 * megabyte,
    cacheBytes,
    swapBytes: 12 * megabyte,
    pagesIn: 7,
    pagesOut: 3,
    runnable: 2,
    cpuSeconds: 1,
  };
  rig.wantsMetrics = true;
  const metrics = (): readonly string[] => rig.linesOf('web.1').filter((line) => line.includes('sample#'));
  await until(metrics, (lines) => lines.length >= 4);

  expect(rig.linesOf('web.1')).not.toContain('Error R14 (Memory quota exceeded)');
  const from = `source=web.1 dyno=heroku.${rig.app.id}.${dyno.spec.id}`;
  expect(metrics()[0]).toMatch(
    new RegExp(`^${from} sample#load_avg_1m=0\\.\\d\\d sample#load_avg_5m=0\\.\\d\\d sample#load_avg_15m=0\\.\\d\\d$`),
  );
  expect(metrics()[1]).toBe(
    `${from} sample#memory_total=812.00MB sample#memory_rss=500.00MB sample#memory_cache=300.00MB sample#memory_swap=12.00MB sample#memory_pgpgin=7pages sample#memory_pgpgout=3pages sample#memory_quota=512.00MB`,
  );

  rig.wantsMetrics = false;
  dyno.used = { ...dyno.used, rssBytes: 510 * megabyte };
  const r14 = (): number => rig.linesOf('web.1').filter((line) => line.startsWith('Error R14')).length;
  await until(r14, (count) => count >= 2);
  const before = metrics().length;
  await until(r14, (count) => count >= 4);
  expect(rig.linesOf('web.1')).toContain('Process running mem=522M(102.0%)');
  expect(metrics()).toHaveLength(before);
});

it('damps the load over one, five and fifteen minutes', () => {
  const load = new LoadAverage();
  for (let n = 0; n < 15; n += 1) load.add(4, 20_000);
  const [one = 0, five = 0, fifteen = 0] = load.values;
  expect(one).toBeCloseTo(4 * (1 - Math.exp(-5)), 6);
  expect(five).toBeCloseTo(4 * (1 - Math.exp(-1)), 6);
  expect(fifteen).toBeCloseTo(4 * (1 - Math.exp(-1 / 3)), 6);
});
