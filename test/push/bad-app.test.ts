import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { startLoad } from '../rig/request-load.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '3', HOKKU_STOP_GRACE: '1' } });
});
afterAll(() => rig[Symbol.asyncDispose]());

/** The lines of the app's log without their timestamps. */
async function logOf(app: RigApp): Promise<readonly string[]> {
  return (await app.logs()).map((line) => line.replace(/^\S+ /, ''));
}

/** Waits for these lines, in this order, others in between. */
async function expectLog(app: RigApp, ...wanted: readonly string[]): Promise<void> {
  let lines: readonly string[] = [];
  await eventually('the log', async () => {
    lines = await logOf(app);
    let next = 0;
    for (const line of lines) if (line === wanted[next]) next += 1;
    return next === wanted.length;
  }).catch(() => {
    throw new Error(`not all of\n${wanted.join('\n')}\n--- in ---\n${lines.join('\n')}`);
  });
}

const r10 = 'heroku[web.1]: Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 3 seconds of launch';

it('an app of a shell script, with and without a Procfile, is released as it is', async () => {
  const app = await rig.createApp();
  await app.write({ 'start.sh': 'echo "hello $DYNO" > index.html\nexec python3 -m http.server "$PORT"\n' });
  await app.commit();
  const push = await app.push();
  expect([push.exitCode, push.output]).toEqual([0, expect.stringContaining('No language was found')]);
  expect((await app.get()).body).toBe('hello web.1\n');

  await app.write({ Procfile: 'web: python3 -m http.server "$PORT"\nclock: sleep 600\n' });
  await app.commit();
  const second = await app.push();
  expect([second.exitCode, second.output]).toEqual([
    0,
    expect.stringContaining('Procfile declares types -> clock, web'),
  ]);
});

it('an app that listens on a port of its own: the warning and the log name it', async () => {
  const app = await rig.createApp();
  const server = 'import http.server as h; h.HTTPServer(("", 8123), h.SimpleHTTPRequestHandler).serve_forever()';
  const push = await pushTiny(app, 'one', { 'own.py': server, Procfile: 'web: python3 own.py\n' });
  const named =
    /It listens on port 8123 instead of \$PORT \(\d+\): let it read the port from the environment variable PORT/;
  expect([push.exitCode, push.output]).toEqual([0, expect.stringMatching(named)]);
  expect((await logOf(app)).join('\n')).toMatch(named);
});

it('an app that never binds: its first deploy is accepted with a warning, R10 is in the log', async () => {
  const app = await rig.createApp();
  const push = await pushTiny(app, 'one', { Procfile: 'web: echo waiting for nothing && sleep 271001\n' });
  expect(push.exitCode).toBe(0);
  expect(push.output).toContain('Warning: web.1 did not bind to $PORT in time');
  expect(push.remoteLines).toContain('       waiting for nothing');
  expect(push.output).toContain(`heroku logs --app ${app.name}`);
  await expectLog(
    app,
    'heroku[web.1]: Starting process with command `echo waiting for nothing && sleep 271001`',
    'app[web.1]: waiting for nothing',
    r10,
    'heroku[web.1]: Stopping process with SIGKILL',
    'heroku[web.1]: Process exited with status 137',
    'heroku[web.1]: State changed from starting to crashed',
  );
  expect((await app.releases()).at(-1)).toMatchObject({ version: 3, status: 'succeeded', current: true });
  await app.write({ Procfile: 'web: exec python server.py\n' });
  await app.commit();
  expect((await app.push()).exitCode).toBe(0);
  expect((await app.get()).body).toBe('one of web.1');
  await expectNothingLeft(rig, 'sleep 271001');
});

it('an app that never binds, over one that works: the push is refused with its last lines, the old one keeps answering', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  await using load = startLoad(app);
  const push = await pushTiny(app, 'two', { Procfile: 'web: echo waiting for nothing && sleep 271002\n' });
  const { bodies, failures } = await load.stop();
  expect(push.exitCode).toBe(1);
  expect(push.output).toContain('v4 did not come up: web.1 did not bind to $PORT in time');
  expect(push.remoteLines).toContain('       waiting for nothing');
  expect(push.output).toContain(`Push rejected to ${app.name}.`);
  expect(failures).toEqual([]);
  expect(new Set(bodies)).toEqual(new Set(['one of web.1']));
  await expectLog(app, r10, 'heroku[web.1]: Release v4 did not come up, release v3 keeps running');
  expect((await app.releases()).map(({ status, current }) => [status, current])).toEqual([
    ['succeeded', false],
    ['succeeded', false],
    ['succeeded', true],
    ['failed', false],
  ]);
  // The ref has not moved: the same commit can be pushed again.
  expect(await app.git('ls-remote', 'heroku', 'main')).not.toContain((await app.git('rev-parse', 'HEAD')).trim());
  const dynos = await app.dynos();
  expect(dynos.map(({ name, state, release }) => [name, state, release.version])).toEqual([['web.1', 'up', 3]]);
  await expectNothingLeft(rig, 'sleep 271002');
});

it('an app that binds late is live when it has; one that binds elsewhere first, too', async () => {
  const app = await rig.createApp();
  const late = await pushTiny(app, 'one', { Procfile: 'web: BIND_AFTER=1.5 exec python server.py\n' });
  expect(late.output).toContain('Released v3');
  expect(late.output).not.toContain('Warning');
  expect((await app.get()).body).toBe('one of web.1');
  const elsewhere = await pushTiny(app, 'two', {
    Procfile: 'web: (BIND_PORT=0 python server.py &); sleep 1; exec python server.py\n',
  });
  expect(elsewhere.exitCode).toBe(0);
  expect(elsewhere.output).not.toContain('Warning');
  expect((await app.get()).body).toBe('two of web.1');
  const wrong = await pushTiny(app, 'three', { Procfile: 'web: BIND_PORT=0 exec python server.py\n' });
  expect(wrong.exitCode).toBe(1);
  expect(wrong.output).toContain('v5 did not come up: web.1 did not bind to $PORT in time');
  expect((await app.get()).body).toBe('two of web.1');
  await expectNothingLeft(rig);
});

it('an app that crashes at once: accepted with a warning at first, refused over one that works; crashes back off', async () => {
  const app = await rig.createApp();
  const push = await pushTiny(app, 'one', { Procfile: 'web: echo no database && exit 3\n' });
  expect(push.exitCode).toBe(0);
  expect(push.output).toContain('Warning: web.1 exited with status 3 while it started');
  expect(push.remoteLines).toContain('       no database');
  await expectLog(
    app,
    'app[web.1]: no database',
    'heroku[web.1]: Process exited with status 3',
    'heroku[web.1]: State changed from starting to crashed',
    // The first crash is followed by a start at once, the second one is not.
    'heroku[web.1]: State changed from crashed to starting',
    'heroku[web.1]: Starting process with command `echo no database && exit 3`',
    'heroku[web.1]: Process exited with status 3',
    'heroku[web.1]: State changed from starting to crashed',
  );
  expect((await app.dynos()).map(({ state }) => state)).toEqual(['crashed']);
  expect((await app.get()).status).toBe(503);
  expect((await logOf(app)).filter((line) => line.includes('Starting process'))).toHaveLength(2);

  await pushTiny(app, 'two');
  expect((await app.get()).body).toBe('two of web.1');
  const refused = await pushTiny(app, 'three', { Procfile: 'web: echo no luck && kill -SEGV $$\n' });
  expect(refused.exitCode).toBe(1);
  expect(refused.output).toContain('v5 did not come up: web.1 exited with status 139 while it started');
  expect(refused.remoteLines).toContain('       no luck');
  expect((await app.get()).body).toBe('two of web.1');
  const unknown = await pushTiny(app, 'four', { Procfile: 'web: no-such-program --flag\n' });
  expect(unknown.exitCode).toBe(1);
  expect(unknown.output).toContain('web.1 exited with status 127 while it started');
  expect(unknown.output).toMatch(/no-such-program: command not found/);
  await expectNothingLeft(rig);
});

it('an app that forks and exits has ended: what it forked goes with it', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  const push = await pushTiny(app, 'two', {
    Procfile: 'web: (setsid sleep 271003 < /dev/null > /dev/null 2>&1 &); (python server.py &); exit 0\n',
  });
  expect(push.exitCode).toBe(1);
  expect(push.output).toContain('v4 did not come up: web.1 exited with status 0 while it started');
  expect((await app.get()).body).toBe('one of web.1');
  await expectNothingLeft(rig, 'sleep 271003');
});

it('the exit status of an app that was up is in its log, and it is started again', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  await app.get('/exit?status=7').catch(() => undefined);
  await expectLog(
    app,
    'heroku[web.1]: Process exited with status 7',
    'heroku[web.1]: State changed from up to crashed',
    'heroku[web.1]: State changed from crashed to starting',
    'heroku[web.1]: State changed from starting to up',
  );
  expect((await app.get()).body).toBe('one of web.1');
  await app.get('/kill?signal=11').catch(() => undefined);
  await expectLog(
    app,
    'heroku[web.1]: Process exited with status 139',
    'heroku[web.1]: State changed from up to crashed',
  );
  expect((await app.dynos()).map(({ state }) => state)).toEqual(['crashed']);
  await expectNothingLeft(rig);
});

it('an app that ignores SIGTERM is killed after its grace, and the log says so', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one', { Procfile: 'web: IGNORE_TERM=1 exec python server.py\n' });
  await using load = startLoad(app);
  const restart = await rig.api('DELETE', `/apps/${app.name}/dynos`);
  expect(restart.status).toBe(202);
  await expectLog(
    app,
    'heroku[web.1]: Stopping all processes with SIGTERM',
    'heroku[web.1]: Error R12 (Exit timeout) -> At least one process failed to exit within 1 seconds of SIGTERM',
    'heroku[web.1]: Stopping remaining processes with SIGKILL',
    'heroku[web.1]: Process exited with status 137',
  );
  expect((await load.stop()).failures).toEqual([]);
  expect((await app.dynos()).map(({ name, state }) => [name, state])).toEqual([['web.1', 'up']]);
  await expectNothingLeft(rig);
});

it('a data folder that apps could not reach stops the start with what to do', async () => {
  // Only root has other users to run apps as.
  if (process.getuid?.() !== 0) return;
  const parent = await mkdtemp(join(tmpdir(), 'hokku-closed-'));
  const start = PlatformRig.start({ dataDir: join(parent, 'data'), settings: { HOKKU_SANDBOX: 'process' } });
  await expect(start).rejects.toThrow(`can't pass ${parent}\n`);
  await rm(parent, { recursive: true });
});
