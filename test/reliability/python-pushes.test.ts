/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itOnline'] }] */
import { expect, it } from '@jest/globals';
import { PlatformRig } from '../rig/platform-rig.ts';

const index = process.env['PIP_INDEX_URL'] ?? 'https://pypi.org/simple';
const isReachable = await fetch(`${index}/six/`, { signal: AbortSignal.timeout(5000) }).then(
  ({ ok }) => ok,
  () => false,
);
if (!isReachable) process.stderr.write(`skipped: pushes with packages of ${index}, which can't be reached\n`);

const itOnline = isReachable ? it : it.skip;

itOnline('deploys apps of every package manager of Python, and again without an installer', async () => {
  await using rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '2', PIP_INDEX_URL: index } });
  for (const [fixture, command] of [
    ['python-pipenv', 'pipenv install --deploy'],
    ['python-poetry', 'poetry sync --only main'],
    ['python-uv', 'uv sync --locked --no-default-groups'],
    ['python-pdm', 'pdm sync --prod'],
  ] as const) {
    const app = await rig.createApp(fixture);
    await app.useFixture(fixture);
    await app.commit();
    const cold = await app.push();
    expect([cold.exitCode, cold.output]).toEqual([0, expect.stringContaining(`using '${command}'`)]);
    expect((await app.get()).body).toBe('six 1.17.0; tools for development are gone\n');

    await app.write({ 'README.md': 'changed' });
    await app.commit();
    const warm = await app.push();
    expect([warm.exitCode, warm.output]).toEqual([0, expect.stringContaining(`Using cached install of '${command}'`)]);
    expect((await app.get()).body).toContain('six 1.17.0');
  }
});
