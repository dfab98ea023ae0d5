import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { nothingLeftBehind } from '../rig/left-behind.ts';
import { findPipWheel, PackageIndex } from '../rig/package-index.ts';
import { checkout, PlatformRig, type PushResult, type RigApp } from '../rig/platform-rig.ts';

const pip = await findPipWheel();
if (pip === null) process.stderr.write('skipped: pushes that run pip, because this machine has no pip to serve\n');
const itWithPip = pip === null ? it.skip : it;

/** A platform whose builds install from an index of this test, and an app that runs all the time. */
let index: PackageIndex;
let rig: PlatformRig;
let app: RigApp;

beforeAll(async () => {
  index = await PackageIndex.start();
  if (pip !== null) index.add(pip.filename, pip.bytes);
  index.addWheel('greeter', '1.0', { 'greeter.py': 'TEXT = "greeter 1.0"\n' });
  index.addWheel('greeter', '2.0', { 'greeter.py': 'TEXT = "greeter 2.0"\n' });
  const settings = { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: '', PIP_EXTRA_INDEX_URL: '', no_proxy: '127.0.0.1' };
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '2', ...settings } });
  app = await rig.createApp('needs');
  const first = await pushWith({ 'requirements.txt': '' });
  expect([first.exitCode, first.output]).toEqual([0, expect.stringContaining('Released v3')]);
});

afterEach(async () => {
  expect((await app.get()).status).toBe(200);
  await nothingLeftBehind(rig);
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await index[Symbol.asyncDispose]();
});

itWithPip(
  'installs from requirements of any editor: BOM, CRLF, no last line end, and from what they include',
  async () => {
    const push = await pushWith({
      'requirements.txt': '\ufeff# Saved on Windows\r\n\r\n-r requirements/base.txt\r\n',
      'requirements/base.txt': '\ufeffgreeter == 1.0 \t; python_version >= "3"   # why',
    });

    expect([push.exitCode, push.output]).toEqual([0, expect.stringContaining('Verifying deploy... done.')]);
    expect((await app.get()).body).toContain('greeter 1.0');
  },
);

itWithPip('names what can not be installed, and what to do', async () => {
  const before = await app.releases();
  const cases: readonly (readonly [Record<string, string>, readonly string[]])[] = [
    [{ 'requirements.txt': 'greeter\nflsak\n' }, ["no package named 'flsak'"]],
    [{ 'requirements.txt': 'greeter==7\n' }, ['greeter==7', '1.0 2.0']],
    [{ 'requirements.txt': 'greeter 1.0 pypi_0\n' }, ['greeter 1.0 pypi_0']],
    [{ 'requirements.txt': '-r base.txt\n' }, ['git add base.txt']],
  ];
  for (const [files, says] of cases) await expectRefusal(files, says);
  expect(await app.releases()).toEqual(before);

  const good = await pushWith({ 'requirements.txt': 'greeter\n' });
  expect([good.exitCode, good.output]).toEqual([0, expect.stringContaining('Verifying deploy... done.')]);
  expect((await app.get()).body).toContain('greeter 2.0');
});

it('refuses what contradicts itself before it installs anything', async () => {
  const before = await app.releases();
  const asked = index.requests.length;
  await expectRefusal({ 'requirements.txt': 'greeter\n', 'Pipfile.lock': '{}\n', Pipfile: '' }, [
    'Pipfile.lock (Pipenv)',
    'requirements.txt',
  ]);
  await expectRefusal({ 'requirements.txt': 'greeter\n', '.python-version': '3.99\n' }, ['asks for Python 3.99']);
  await expectRefusal({ 'requirements.txt': '', 'runtime.txt': 'python-2.7.18\n' }, [
    'Python 2.7.18 is no longer supported',
  ]);
  await expectRefusal({ 'requirements.txt': '', '.python-version': '\ufeff3.12.$(x)\r\n' }, ['3.12.$(x)']);
  expect(index.requests).toHaveLength(asked);
  expect(await app.releases()).toEqual(before);

  expect((await pushWith({ 'requirements.txt': '\r\n' })).exitCode).toBe(0);
});

async function expectRefusal(files: Readonly<Record<string, string>>, says: readonly string[]): Promise<void> {
  const push = await pushWith(files);
  expect([files, push.exitCode]).toEqual([files, 1]);
  expect(push.remoteLines).toContain(' !     Push rejected, failed to compile Python app.');
  expect(push.remoteLines).toContain('!\tPush rejected to needs.');
  for (const text of says) expect(push.output).toContain(text);
  expect(push.output).toMatch(/remote: +! {5}Error: \S/);
  // The summary at the end: the tool's own line or the buildpack's, and what to do.
  expect(push.output).toMatch(/remote: +! {5}Cause: +(?!not found)\S.*\nremote: +! {5}Next: +\S/);
  expect((await app.get()).status).toBe(200);
}

/** Pushes these files and a server that answers with what `greeter` says, if it is installed. */
async function pushWith(files: Readonly<Record<string, string>>): Promise<PushResult> {
  const server = await readFile(join(checkout, 'fixtures', 'apps', 'python-stdlib', 'server.py'), 'utf8');
  const greeter = 'try:\n    import greeter\nexcept ImportError:\n    greeter = None\n';
  await app.clear();
  await app.write({
    Procfile: 'web: python server.py\n',
    'server.py': `${greeter}${server.replace('name = os.environ.get(', 'name = greeter.TEXT if greeter else os.environ.get(')}`,
    ...files,
  });
  await app.commit('requirements');
  return app.push();
}
