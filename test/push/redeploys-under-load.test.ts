import { expect, it } from '@jest/globals';
import { Load } from '../rig/load.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';
import { expectNoRemains } from '../rig/remains.ts';
import { answerOf, deployVersion } from '../rig/versioned-app.ts';

/** Many in a bench, few in a test run. */
const redeploys = Number(process.env['HOKKU_TEST_REDEPLOYS'] ?? 12);

it(
  'loses no request and gives no old answer while an app is deployed again and again',
  async () => {
    await using rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '5' } });
    const app = await rig.createApp();
    await deployVersion(app, 1);
    await rig.api('PATCH', `/apps/${app.name}/formation`, { updates: [{ type: 'web', quantity: 2 }] });
    await eventually('two dynos', async () => (await app.dynos()).filter(({ state }) => state === 'up').length === 2);
    await using load = new Load(app);
    const startedAt = performance.now();

    let stamp = 0;
    for (let version = 2; version < 2 + redeploys; version += 1) {
      await deployVersion(app, version);
      load.expect(version, stamp);
      expect((await answerOf(app)).version).toBe(version);
      // Now and then by other means than a push.
      if (version % 4 === 0) {
        stamp += 1;
        await rig.api('PATCH', `/apps/${app.name}/config-vars`, { STAMP: String(stamp) });
        await eventually('the new value', async () => (await answerOf(app)).stamp === stamp);
      }
      if (version % 4 === 2) {
        const before = Date.now() / 1000;
        await rig.api('DELETE', `/apps/${app.name}/dynos`);
        await eventually('the restart', async () => (await answerOf(app)).started > before);
      }
    }

    const seconds = (performance.now() - startedAt) / 1000;
    const report = await load.stop();
    if (process.env['HOKKU_TEST_REDEPLOYS'] !== undefined) {
      const { requests, failures, stale, slowestMs } = report;
      process.stderr.write(
        `${redeploys} redeploys in ${Math.round(seconds)} s: ${requests} requests, ${failures.length} failed, ${stale.length} stale, slowest ${slowestMs} ms\n`,
      );
    }
    expect(report).toMatchObject({ failures: [], stale: [] });
    expect(report.requests).toBeGreaterThan(redeploys * 20);
    await expectNoRemains(rig);
  },
  60_000 + redeploys * 10_000,
);
