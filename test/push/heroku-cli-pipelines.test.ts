/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli, type CliResult } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

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

const run = (...args: string[]): Promise<CliResult> => cli.run(args, cli.home);

/** Standard output and error of a command that must succeed. */
async function heroku(...args: string[]): Promise<string> {
  const result = await run(...args);
  if (result.exitCode !== 0) throw new Error(`heroku ${args.join(' ')}: ${JSON.stringify(result)}`);
  return result.stdout + result.stderr;
}

itWithCli('makes a pipeline, promotes through its stages with the right exit codes, and takes it apart', async () => {
  const [dev, staging, production] = await Promise.all(
    ['line-dev', 'line-staging', 'line'].map((name) => rig.createApp(name)),
  );
  if (dev === undefined || staging === undefined || production === undefined) throw new Error('no apps');
  const procfile = 'web: exec python server.py\nrelease: echo migrating $WHERE; exit ${MIGRATION:-0}\n';
  expect((await pushTiny(dev, 'one', { Procfile: procfile })).exitCode).toBe(0);

  expect(await heroku('pipelines:create', 'line', '-a', 'line-dev', '-s', 'development')).toContain('Creating');
  await heroku('pipelines:add', 'line', '-a', 'line-staging', '-s', 'development');
  await heroku('pipelines:update', '-a', 'line-staging', '-s', 'staging');
  await heroku('pipelines:add', 'line', '-a', 'line', '-s', 'production');
  expect(await heroku('pipelines')).toContain('line');
  expect(await heroku('pipelines:info', 'line')).toMatch(
    /line-dev\s+development[\s\S]*line-staging\s+staging[\s\S]*line\s+production/,
  );

  await rig.api('PATCH', '/apps/line-staging/config-vars', { WHERE: 'staging' });
  const promoted = await heroku('pipelines:promote', '-a', 'line-dev');
  expect(promoted).toMatch(/Running release command\.\.\.[\s\S]*migrating staging[\s\S]*Promotion successful/);
  expect(promoted).toMatch(/line-staging:\s+succeeded/);
  expect((await staging.get()).body).toBe('one of web.1');
  expect(await heroku('releases', '-a', 'line-staging')).toMatch(/Promote line-dev v\d+ [0-9a-f]{8}/);

  await rig.api('PATCH', '/apps/line/config-vars', { MIGRATION: '3' });
  const failed = await run('pipelines:promote', '-a', 'line-staging');
  expect(failed.exitCode).toBe(1);
  expect(failed.stdout + failed.stderr).toMatch(/Promotion to some apps failed/);
  expect(failed.stdout).toMatch(/its release command exited with status 3/);
  await rig.api('PATCH', '/apps/line/config-vars', { MIGRATION: '0' });
  const toBoth = await heroku('pipelines:promote', '-a', 'line-dev', '-t', 'line-staging,line');
  expect(toBoth).toMatch(/line:\s+succeeded/);
  await eventually('the app in production', async () => (await production.get()).body === 'one of web.1');
  const end = await run('pipelines:promote', '-a', 'line');
  expect([end.exitCode === 0, end.stderr]).toEqual([false, expect.stringContaining("from 'production' stage")]);
});
