import { expect, it } from '@jest/globals';
import { checkMemory } from '../rig/check-footprint.ts';
import { describeDeploys } from '../rig/describe-deploys.ts';
import { ManyDeploys } from '../rig/many-deploys.ts';
import { PlatformRig } from '../rig/platform-rig.ts';
import { writeDocSection } from '../rig/write-doc-section.ts';

const deploys = Number(process.env['HOKKU_TEST_DEPLOYS'] ?? 1000);
/** Fewer say nothing that is worth a page. */
const worthAPage = 500;

const print = (line: string): void => void process.stderr.write(`${line}\n`);

it(
  'serves an app through a thousand deploys, every tenth of them broken, and is afterwards what it was before',
  async () => {
    await using rig = await PlatformRig.start({
      settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '5', HOKKU_DISK_QUOTA_MB: '48' },
    });
    const app = await rig.createApp();
    const pace = { brokenEvery: 10, changeEvery: 7, checkEvery: 50, noiseBytes: 400_000 };

    const figures = await new ManyDeploys(app, { deploys, ...pace, progress: print }).run();

    const page = describeDeploys(deploys, figures);
    print(page);
    expect(figures.load).toMatchObject({ failures: [], stale: [] });
    checkMemory(
      figures.memory.map(({ controlPlane }) => controlPlane),
      'the control plane',
    );
    checkMemory(
      figures.memory.map(({ router }) => router),
      'the router',
    );
    if (deploys >= worthAPage) await writeDocSection('reliability.md', 'deploys', page);
  },
  120_000 + deploys * 10_000,
);
