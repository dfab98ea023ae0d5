/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { build, upload } from '../rig/deploys.ts';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { tarball } from '../rig/tarball.ts';
import { pushTiny, tinyApp } from '../rig/tiny-app.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;
let cli: HerokuCli;

beforeAll(async () => {
  if (installation.status === 'missing') return;
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2' } });
  cli = await HerokuCli.open(installation, rig);
});

afterAll(async () => {
  if (installation.status === 'missing') return;
  await cli[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

/** Standard output and error of a command that must succeed. */
async function heroku(app: RigApp | null, ...args: string[]): Promise<string> {
  const all = app === null ? args : [...args, '--app', app.name];
  const result = await cli.run(all, cli.home);
  if (result.exitCode !== 0) throw new Error(`heroku ${all.join(' ')}: ${JSON.stringify(result)}`);
  return result.stdout + result.stderr;
}

async function refused(app: RigApp | null, ...args: string[]): Promise<string> {
  const all = app === null ? args : [...args, '--app', app.name];
  const result = await cli.run(all, cli.home);
  if (result.exitCode === 0) throw new Error(`heroku ${all.join(' ')} succeeded: ${JSON.stringify(result)}`);
  return (result.stdout + result.stderr).replaceAll(/\s+/g, ' ');
}

itWithCli('sets, adds and removes buildpacks, and the next build uses them', async () => {
  const app = await rig.createApp();
  const url = 'https://github.com/heroku/heroku-buildpack-inline.git#v1';
  expect(await heroku(app, 'buildpacks:set', 'heroku/python')).toContain('will use heroku/python');
  expect(await refused(app, 'buildpacks:set', 'heroku/python')).toContain('is already set on your app');
  expect(await heroku(app, 'buildpacks:add', url, '--index', '1')).toMatch(
    /1\. https:\S+inline\.git#v1\s+2\. heroku\/python/,
  );
  expect(await refused(app, 'buildpacks:add', 'heroku/cobol')).toMatch(
    /must name a buildpack in each item.*buildpacks:search/,
  );

  const failed = await pushTiny(app, 'one');
  expect(failed.exitCode).not.toBe(0);
  expect(failed.output).toContain(`Couldn't fetch the buildpack ${url}`);
  const updates = [{ buildpack: 'heroku/python' }];
  expect((await rig.api('PUT', `/apps/${app.name}/buildpack-installations`, { updates })).status).toBe(200);
  expect((await app.push()).output).toContain('-----> Using buildpack: heroku/python');
  expect(await heroku(app, 'buildpacks:remove', 'heroku/python')).toContain('will detect buildpacks normally');

  // For one build only.
  const source = { url: await upload(rig, await tarball(tinyApp('two'))) };
  const { output } = await build(rig, app.name, source, { buildpacks: [{ url: 'heroku/python' }] });
  expect(output).toContain('-----> Using buildpack: heroku/python');
  expect((await rig.api('GET', `/apps/${app.name}/buildpack-installations`)).json).toEqual([]);
});

itWithCli('searches the registry of the buildpacks that this platform has', async () => {
  expect(await heroku(null, 'buildpacks:search', '--namespace', 'nobody')).toContain('No buildpacks found');
  expect(await heroku(null, 'buildpacks:search', '--description', 'Python')).toContain('heroku/python');
  expect(await refused(null, 'buildpacks:info', 'heroku/cobol')).toContain('Could not find the buildpack');
});

itWithCli('shows the output of release commands, retries one, and rolls back', async () => {
  const app = await rig.createApp();
  const release = 'release: echo migrating with "$STEP"; test -z "$FAIL"\n';
  await pushTiny(app, 'one', { Procfile: `web: exec python server.py\n${release}` });
  expect(await heroku(app, 'releases:output')).toContain('migrating with');
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { FAIL: 'yes', STEP: 'two' });
  await eventually('the release', async () => (await app.releases()).at(-1)?.status === 'failed');
  expect(await heroku(app, 'releases')).toContain('release command failed');

  const retried = await heroku(app, 'releases:retry');
  expect(retried).toMatch(/Retrying v\d+ on .*done, v\d+/);
  await eventually('the retry', async () => (await app.releases()).at(-1)?.status === 'failed');
  expect((await app.releases()).at(-1)?.description).toMatch(/^Retry of v\d+: Set FAIL, STEP config vars$/);
  expect(await heroku(app, 'releases:output')).toContain('migrating with two');
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { FAIL: null });
  await eventually('the release', async () => (await app.releases()).at(-1)?.status === 'succeeded');
  expect(await heroku(app, 'releases:output', 'v1')).toContain('has no release output available');
  const before = (await app.releases()).length;
  expect(await heroku(app, 'rollback')).toMatch(/Rolling back .*done, v\d+/);
  expect((await app.releases()).length).toBe(before + 1);
});
