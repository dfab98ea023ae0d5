import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { open, upload } from '../rig/deploys.ts';
import { nothingLeftBehind } from '../rig/left-behind.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';
import { rawTarball, tarball } from '../rig/tarball.ts';
import { tinyApp } from '../rig/tiny-app.ts';

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2' } });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

interface SetupJson {
  readonly id: string;
  readonly status: string;
  readonly failure_message: string | null;
  readonly manifest_errors: readonly string[];
  readonly app: { readonly id: string; readonly name: string };
  readonly build: { readonly status: string; readonly output_stream_url: string } | null;
  readonly postdeploy: { readonly output: string; readonly exit_code: number } | null;
  readonly resolved_success_url: string | null;
}

async function create(
  manifest: unknown,
  options: { files?: Readonly<Record<string, string>>; more?: Readonly<Record<string, unknown>> } = {},
): Promise<SetupJson> {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  const files = { ...tinyApp('set up'), 'app.json': text, ...options.files };
  const url = await upload(rig, await tarball(files));
  const answer = await rig.api('POST', '/app-setups', { source_blob: { url, version: 'v1' }, ...options.more });
  if (answer.status !== 202) throw new Error(`${answer.status} ${answer.body}`);
  return answer.json as SetupJson;
}

async function read({ id }: SetupJson): Promise<SetupJson> {
  return (await rig.api('GET', `/app-setups/${id}`)).json as SetupJson;
}

function untilEnded(setup: SetupJson): Promise<SetupJson> {
  return eventually('the end of the setup', async () => {
    const found = await read(setup);
    return found.status !== 'pending' && found;
  });
}

it('sets an app up from its app.json: vars, buildpacks, formation, build, postdeploy', async () => {
  const begun = await create(
    {
      name: 'Anything',
      env: {
        PLAIN: 'as it is',
        SECRET: { description: 'A key', generator: 'secret' },
        DEFAULT: { value: 'default', required: false },
        OVERRIDDEN: 'no',
        OPTIONAL: { required: false },
        GIVEN: { required: true },
      },
      buildpacks: [{ url: 'heroku/python' }],
      formation: { web: { quantity: 2 }, worker: { quantity: 1, size: 'standard-1X' } },
      scripts: { postdeploy: 'echo "for $PLAIN on $DYNO"' },
      success_url: '/welcome',
      stack: 'heroku-24',
    },
    {
      files: { Procfile: 'web: exec python server.py\nworker: sleep 1000\n' },
      more: { app: { name: 'set-up-app' }, overrides: { env: { OVERRIDDEN: 'yes', GIVEN: 'given', MORE: '1' } } },
    },
  );
  expect(begun).toMatchObject({ status: 'pending', build: null, postdeploy: null, app: { name: 'set-up-app' } });

  const ended = await untilEnded(begun);
  expect(ended).toMatchObject({
    status: 'succeeded',
    failure_message: null,
    manifest_errors: [],
    build: { status: 'succeeded' },
    postdeploy: { output: expect.stringMatching(/^for as it is on postdeploy\.\d+\n$/), exit_code: 0 },
    resolved_success_url: `http://set-up-app.localhost:${rig.port}/welcome`,
  });
  const vars = (await rig.api('GET', '/apps/set-up-app/config-vars')).json as Record<string, string>;
  const { SECRET, ...others } = vars;
  expect(SECRET).toMatch(/^[0-9a-f]{64}$/);
  expect(others).toEqual({ PLAIN: 'as it is', DEFAULT: 'default', OVERRIDDEN: 'yes', GIVEN: 'given', MORE: '1' });
  expect((await rig.api('GET', '/apps/set-up-app/formation')).json).toMatchObject([
    { type: 'web', quantity: 2 },
    { type: 'worker', quantity: 1, size: 'Standard-1X' },
  ]);
  expect((await rig.request('set-up-app.localhost')).body).toMatch(/^set up of web\.[12]$/);
  expect((await rig.api('GET', '/apps/set-up-app/buildpack-installations')).json).toMatchObject([
    { buildpack: { name: 'heroku/python' } },
  ]);
  expect((await rig.api('GET', '/apps/set-up-app/releases')).json).toMatchObject([
    { description: 'Initial release' },
    { description: 'Enable Logplex' },
    { description: expect.stringMatching(/^Set PLAIN, SECRET, .* config vars$/) },
    { description: 'Deploy v1' },
  ]);
  await nothingLeftBehind(rig);
});

it('says what is wrong with an app.json, all of it, and takes the app away again', async () => {
  const wrong = await untilEnded(
    await create({
      env: { 'NOT-A-NAME': 'x', NUMBER: 1, MISSING: {}, ODD: { generator: 'dice' } },
      addons: ['heroku-postgresql:mini', { plan: 'heroku-redis' }],
      formation: { web: { quantity: -1 }, worker: { size: 'huge' }, release: { quantity: 1 } },
      buildpacks: [{ url: 'nonsense' }],
      scripts: { postdeploy: 7 },
      stack: 'heroku-18',
    }),
  );
  expect(wrong).toMatchObject({ status: 'failed', failure_message: 'invalid app.json', build: null });
  expect([...wrong.manifest_errors].sort()).toEqual([
    'add-on "heroku-postgresql:mini" is not offered here; take it out, and set the config vars of a service of your own',
    'add-on "heroku-redis" is not offered here; take it out, and set the config vars of a service of your own',
    'config var "NOT-A-NAME" has an invalid name; use letters, digits and underscores',
    'config var MISSING is required',
    'config var NUMBER must be a string, or an object with a value',
    'each of buildpacks must have a url: a name like heroku/python, an http(s) URL or ./a/folder',
    'formation "release" is not a process type that can be scaled',
    'scripts.postdeploy must be a string',
    'stack "heroku-18" is not offered here; use heroku-24',
    'the generator of config var ODD must be "secret"',
    'the quantity of formation web must be a whole number from 0 to 100',
    'the size of formation worker must be one of eco, basic, standard-1x, standard-2x, performance-m, performance-l',
  ]);
  expect((await rig.api('GET', `/apps/${wrong.app.name}`)).status).toBe(404);

  expect(await untilEnded(await create('{"env": '))).toMatchObject({ failure_message: 'invalid app.json' });
  expect(await untilEnded(await create('[]'))).toMatchObject({ manifest_errors: ['app.json must be an object'] });
  const withLink = rawTarball([{ name: 'app.json', type: '2', link: '/etc/passwd' }, { name: 'x' }]);
  const posted = await rig.api('POST', '/app-setups', { source_blob: { url: await upload(rig, withLink) } });
  expect(await untilEnded(posted.json as SetupJson)).toMatchObject({ failure_message: 'app.json not found' });

  const before = ((await rig.api('GET', '/apps')).json as unknown[]).length;
  for (const body of [
    {},
    { source_blob: { url: 'x' } },
    { source_blob: { url: 'https://a.b/c' }, app: { name: 'X' } },
  ]) {
    expect((await rig.api('POST', '/app-setups', body)).json).toMatchObject({ id: 'invalid_params' });
  }
  expect(((await rig.api('GET', '/apps')).json as unknown[]).length).toBe(before);
  await nothingLeftBehind(rig);
});

it('fails with the build, the release command or the postdeploy script, and keeps what they said', async () => {
  const build = await untilEnded(await create({}, { files: { 'runtime.txt': '', '.python-version': '1.2\n' } }));
  expect(build).toMatchObject({ status: 'failed', failure_message: expect.stringMatching(/^the build failed: /) });
  expect((await open(rig, build.build?.output_stream_url ?? '')).body).toContain('Push rejected');

  const procfile = 'web: exec python server.py\nrelease: exit 3\n';
  const release = await untilEnded(await create({}, { files: { Procfile: procfile } }));
  expect(release.failure_message).toBe('the release failed: its release command exited with status 3');

  const script = await untilEnded(await create({ scripts: { postdeploy: { command: 'echo no luck; exit 7' } } }));
  expect(script).toMatchObject({
    status: 'failed',
    failure_message: 'the postdeploy script exited with status 7',
    postdeploy: { output: 'no luck\n', exit_code: 7 },
  });
  expect((await rig.api('GET', `/apps/${script.app.name}`)).status).toBe(404);
  await nothingLeftBehind(rig);
});

const politeScript = 'echo started; trap "exit 0" TERM; while :; do sleep 0.1; done';

/** The name of the dyno of the postdeploy script, once it says that it has set its trap. */
function postdeployDyno(setup: SetupJson): Promise<string> {
  return eventually('the postdeploy script', async () => {
    const { body } = await rig.api('GET', `/apps/${setup.app.name}/dynos`);
    return /postdeploy\.\d+/.exec(body)?.[0] ?? false;
  });
}

it('fails a setup whose postdeploy script was stopped, whatever status the script made of it', async () => {
  const begun = await create({ scripts: { postdeploy: politeScript } });
  const dyno = await postdeployDyno(begun);
  expect((await rig.api('POST', `/apps/${begun.app.name}/dynos/${dyno}/actions/stop`)).status).toBe(202);

  expect(await untilEnded(begun)).toMatchObject({
    status: 'failed',
    failure_message: 'the postdeploy script was stopped by a user',
  });
  expect((await rig.api('GET', `/apps/${begun.app.name}`)).status).toBe(404);
  await nothingLeftBehind(rig);
});

it('fails a setup at the next start when the platform was stopped during its postdeploy script', async () => {
  const begun = await create({ scripts: { postdeploy: politeScript } });
  await postdeployDyno(begun);
  await rig.terminateServer();
  await rig.startServer();

  expect(await untilEnded(begun)).toMatchObject({
    status: 'failed',
    failure_message: 'the platform was stopped during the setup; create it again',
  });
  expect((await rig.api('GET', `/apps/${begun.app.name}`)).status).toBe(404);
  await nothingLeftBehind(rig);
});

it('fails a setup that a kill -9 interrupted, and leaves neither app nor files of it', async () => {
  const begun = await create({ scripts: { postdeploy: 'echo started; sleep 300' } });
  await eventually('the postdeploy script', async () => {
    const dynos = await rig.api('GET', `/apps/${begun.app.name}/dynos`);
    return dynos.body.includes('postdeploy.');
  });
  await rig.killServer();
  await rig.startServer();

  expect(await untilEnded(begun)).toMatchObject({
    status: 'failed',
    failure_message: 'the platform was stopped during the setup; create it again',
  });
  expect((await rig.api('GET', `/apps/${begun.app.name}`)).status).toBe(404);
  await nothingLeftBehind(rig);
});
