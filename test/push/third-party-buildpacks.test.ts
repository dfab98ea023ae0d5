import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startGitServer, type GitServer } from '../rig/git-server.ts';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { PlatformRig } from '../rig/platform-rig.ts';
import { tarball } from '../rig/tarball.ts';
import { tinyApp } from '../rig/tiny-app.ts';

let shelf: string;
let server: GitServer;
let rig: PlatformRig;

beforeAll(async () => {
  shelf = await mkdtemp(join(tmpdir(), 'hokku-shelf-'));
  server = await startGitServer(shelf, { isOpen: true });
  rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '1', HOKKU_PRIVATE_SOURCES: server.url } });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(shelf, { recursive: true, force: true });
});

/** A buildpack as its author leaves it, without execute bits: it says what it is and what it was told. */
const tools = (says: string): Record<string, string> => ({
  'bin/detect': '#!/bin/sh\necho Tools\n',
  'bin/compile': [
    '#!/bin/bash',
    `echo "-----> ${says}, of $(basename "$(pwd)")"`,
    'mkdir -p "$1/.profile.d"; echo "export TOOLS=from-profile" > "$1/.profile.d/tools.sh"',
    'echo "export TOOLS=from-export" > export',
    'echo kept >> "$2/runs"; echo "       run $(wc -l < "$2/runs")"',
  ].join('\n'),
});
const starter = {
  'bin/detect': '#!/bin/sh\necho Starter\n',
  'bin/compile': '#!/bin/sh\necho "       TOOLS is $TOOLS"\n',
  'bin/release': "#!/bin/sh\nprintf -- '---\\ndefault_process_types:\\n  web: exec python3 server.py\\n'\n",
};

function app(version: string): Record<string, string> {
  const { Procfile: _none, ...files } = tinyApp(version);
  return files;
}

async function set(name: string, ...buildpacks: readonly string[]): Promise<number> {
  const updates = buildpacks.map((buildpack) => ({ buildpack }));
  return (await rig.api('PUT', `/apps/${name}/buildpack-installations`, { updates })).status;
}

it('runs buildpacks by URL in order, pins what it ran, and does without their server when it has to', async () => {
  const first = await server.repo('tools.git', tools('first tools'));
  await writeFile(join(shelf, 'starter.tgz'), await tarball(starter));
  const target = await rig.createApp('composed');
  expect(await set('composed', `${server.url}/tools.git#main`, `${server.url}/starter.tgz`)).toBe(200);
  await target.write(app('one'));
  await target.commit('one');

  const push = await target.push();

  expect([push.exitCode, push.output]).toEqual([0, expect.stringContaining('first tools')]);
  expect(push.remoteLines.join('\n')).toMatch(
    /Fetched \S+tools\.git#main \([0-9a-f]{8}\)[^]*Using buildpacks:[^]*1\. [^]*2\. [^]*run 1[^]*TOOLS is from-export/,
  );
  expect((await target.get()).body).toBe('one of web.1');
  expect((await target.get('/env')).body).toContain(Buffer.from('from-profile').toString('base64'));
  const [build] = (await rig.api('GET', '/apps/composed/builds')).json as { buildpacks: { url: string }[] }[];
  expect(build?.buildpacks.map(({ url }) => url)).toEqual([
    `${server.url}/tools.git#${first}`,
    expect.stringMatching(/starter\.tgz#[0-9a-f]{64}$/),
  ]);

  // The branch moves: the next build has the new commit, and a pinned one the old.
  await server.repo('tools.git', tools('second tools'));
  await target.write({ VERSION: 'two\n' });
  await target.commit('two');
  expect((await target.push()).output).toMatch(/second tools[^]*run 2/);
  await set('composed', `${server.url}/tools.git#${first}`, build?.buildpacks[1]?.url ?? '');
  await target.commit('three');
  expect((await target.push()).output).toContain('first tools');

  server.isDown = true;
  await set('composed', `${server.url}/tools.git#main`, `${server.url}/starter.tgz`);
  await target.commit('four');
  const alone = await target.push();
  server.isDown = false;
  expect([alone.exitCode, alone.output]).toEqual([0, expect.stringMatching(/second tools[^]*TOOLS is from-export/)]);
  expect(alone.output.match(/Warning: \S+: it can't be reached/g)).toHaveLength(2);
  await expectNothingLeft(rig);
});

it('takes BUILDPACK_URL before the list, and .buildpacks where there is none', async () => {
  await server.repo('starter.git', starter);
  const target = await rig.createApp('old-style');
  await target.write({ ...app('one'), '.buildpacks': `# ours\r\n${server.url}/starter.git\r\n` });
  await target.commit('one');
  expect((await target.push()).output).toMatch(/Using buildpack: \S+starter\.git[^]*deployed to Hokku/);

  await set('old-style', 'heroku/python');
  await rig.api('PATCH', '/apps/old-style/config-vars', { BUILDPACK_URL: `${server.url}/starter.git` });
  await target.commit('two');
  expect((await target.push()).output).toMatch(/Using buildpack: \S+starter\.git/);
});

it('says what is wrong with a buildpack that can not be had, and builds nothing', async () => {
  await server.repo('none.git', { 'README.md': 'no buildpack' });
  const target = await rig.createApp('wrong');
  await target.write(app('one'));
  await target.commit('one');
  const cases: readonly (readonly [string, RegExp])[] = [
    [`${server.url}/none.git`, /it has no bin\/compile/],
    [`${server.url}/none.git#nowhere`, /it has no branch and no tag nowhere/],
    [`${server.url}/none.git#--upload-pack=x`, /is no name of a branch or tag/],
    [`${server.url}/missing.tgz`, /answered with status 404/],
    ['https://169.254.169.254/x.git', /never called/],
    ['https://127.0.0.1:1/x.git', /the platform's own machine/],
    ['http://10.0.0.1/x.tgz', /not reached by https/],
    ['heroku/none', /this platform has .*heroku\/python/],
  ];
  for (const [reference, says] of cases) {
    expect([reference, await set('wrong', reference)]).toEqual([reference, 200]);
    const push = await target.push();
    expect([push.exitCode, push.output]).toEqual([1, expect.stringMatching(says)]);
    expect(push.output).toMatch(/Couldn't fetch the buildpack[^]*heroku buildpacks:set/);
  }
  for (const reference of [`https://ada:secret@git.example.com/x.git`, 'ssh://git@x/y', '../x', 'file:///etc', '-x']) {
    expect([reference, await set('wrong', reference)]).toEqual([reference, 422]);
  }
  await set('wrong');
  await rig.api('PATCH', '/apps/wrong/config-vars', { BUILDPACK_URL: 'https://ada:hunter2@git.example.com/x.git' });
  const push = await target.push();
  expect(push.output).toContain('neither a name like heroku/python nor the https:// URL');
  expect(push.output + rig.platformLog).not.toContain('hunter2');
  await expectNothingLeft(rig);
});
