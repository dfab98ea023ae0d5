import { expect, it } from '@jest/globals';
import { ManyDeploys } from '../rig/many-deploys.ts';
import { PlatformRig } from '../rig/platform-rig.ts';

/** A thousand in test/reliability/deploys.test.ts. */
const deploys = Number(process.env['HOKKU_TEST_REDEPLOYS'] ?? 12);

it(
  'loses no request and gives no old answer while an app is deployed, broken, changed and rolled back again and again',
  async () => {
    await using rig = await PlatformRig.start({
      settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '5', HOKKU_DISK_QUOTA_MB: '64' },
    });
    const app = await rig.createApp();

    const { load, broken, changes } = await new ManyDeploys(app, {
      deploys,
      brokenEvery: 4,
      changeEvery: 3,
      checkEvery: deploys,
      noiseBytes: 0,
      progress: () => undefined,
    }).run();

    expect(load).toMatchObject({ failures: [], stale: [] });
    expect(load.requests).toBeGreaterThan(deploys * 20);
    expect([broken, changes]).toEqual([Math.floor(deploys / 4), Math.ceil(deploys / 3)]);
  },
  60_000 + deploys * 10_000,
);
