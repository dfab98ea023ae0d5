/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { PlatformRig } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

itWithCli("shows the app's own pages in a frame for errors and maintenance, also after a kill -9", async () => {
  if (installation.status === 'missing') return;
  await using rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '2' } });
  await using cli = await HerokuCli.open(installation, rig);
  const heroku = async (...args: string[]) => {
    const result = await cli.run([...args, '-a', 'pages'], cli.home);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result.stdout;
  };
  const app = await rig.createApp('pages');
  const blank = await app.get();
  await heroku(
    'config:set',
    'ERROR_PAGE_URL=//errors.example/e.html',
    'MAINTENANCE_PAGE_URL=https://m.example/?a="b&c',
  );
  expect((await app.get()).body).toBe(blank.body);
  await app.useFixture('python-stdlib');
  await app.commit();
  expect((await app.push()).exitCode).toBe(0);
  await heroku('ps:scale', 'web=0');

  const failed = await app.get();
  await heroku('maintenance:on');
  const down = await app.get();

  expect([failed.status, failed.headers['cache-control']]).toEqual([503, 'no-cache, no-store']);
  expect(failed.body).toContain('<iframe src="//errors.example/e.html" title="Application Error">');
  expect(down.status).toBe(503);
  expect(down.body).toContain('<iframe src="https://m.example/?a=&#34;b&#38;c" title="Offline for Maintenance">');
  expect(await heroku('maintenance')).toBe('on\n');
  await rig.killServer();
  expect((await app.get()).body).toBe(down.body);
  await rig.startServer();
  expect((await app.get()).body).toBe(down.body);
  // What no browser could show counts as none.
  await heroku('config:set', 'MAINTENANCE_PAGE_URL=javascript:alert(1)');
  expect((await app.get()).body).toContain('<h1>Offline for Maintenance</h1>');
  await heroku('maintenance:off');
  await heroku('config:unset', 'ERROR_PAGE_URL');
  expect((await app.get()).body).toContain('<h1>Application error</h1>');
  await heroku('rollback', 'v4');
  expect((await app.get()).body).toContain('<iframe src="//errors.example/e.html"');
});
