import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from '../../src/lib/spawn.ts';
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
  await writeFile(join(shelf, 'registry.json'), '{}');
  server = await startGitServer(shelf, { isOpen: true });
  rig = await PlatformRig.start({
    settings: {
      HOKKU_STOP_GRACE: '1',
      HOKKU_PRIVATE_SOURCES: server.url,
      HOKKU_BUILDPACK_REGISTRY: join(shelf, 'registry.json'),
    },
  });
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

it('takes a buildpack from a folder of the app, but nothing through a link out of it', async () => {
  const target = await rig.createApp('own-folder');
  const ours = Object.fromEntries(Object.entries(starter).map(([path, text]) => [`packs/ours/${path}`, text]));
  // It removes itself while it compiles, and its bin/release is asked all the same.
  ours['packs/ours/bin/compile'] = '#!/bin/sh\nrm -rf "$1/packs"; echo "       of the app"\n';
  await target.write({ ...app('one'), ...ours });
  await target.commit('one');
  expect(await set('own-folder', './packs/ours')).toBe(200);
  expect((await target.push()).output).toMatch(/Using buildpack: \.\/packs\/ours[^]*of the app[^]*deployed to Hokku/);
  expect((await target.get()).body).toBe('one of web.1');
  const [build] = (await rig.api('GET', '/apps/own-folder/builds')).json as { buildpacks: unknown[] }[];
  expect(build?.buildpacks).toEqual([{ name: './packs/ours', url: './packs/ours' }]);

  const compile = join(shelf, 'outside', 'bin', 'compile');
  await mkdir(dirname(compile), { recursive: true });
  await writeFile(compile, '#!/bin/sh\n', { mode: 0o600 });
  await symlink(join(shelf, 'outside'), join(target.dir, 'linked'));
  await mkdir(join(target.dir, 'half'));
  await symlink(join(shelf, 'outside', 'bin'), join(target.dir, 'half', 'bin'));
  await target.commit('two');
  for (const [path, says] of [
    ['./linked', /has no folder linked/],
    ['./half', /it has no bin\/compile/],
    ['./none/here', /has no folder none/],
  ] as const) {
    await set('own-folder', path);
    const push = await target.push();
    expect([push.exitCode, push.output]).toEqual([1, expect.stringMatching(says)]);
  }
  // A repository of which `bin` is a link: nothing of the machine becomes executable.
  await server.repo('linked.git', { 'README.md': 'x' });
  await symlink(join(shelf, 'outside', 'bin'), join(shelf, 'linked.git', 'bin'));
  await server.repo('linked.git', { 'README.md': 'y' });
  await set('own-folder', `${server.url}/linked.git`);
  expect((await target.push()).exitCode).toBe(1);
  expect((await stat(compile)).mode & 0o777).toBe(0o600);
  for (const path of ['./../x', './.git', './a//b', './a/../b', '/etc', './']) {
    expect([path, await set('own-folder', path)]).toEqual([path, 422]);
  }
  await expectNothingLeft(rig);
});

it("looks names up in the operator's registry, as it is at each build", async () => {
  const commit = await server.repo('named.git', starter);
  const registry = join(shelf, 'registry.json');
  await writeFile(registry, JSON.stringify({ 'acme/starter': `${server.url}/named.git#main` }));
  const target = await rig.createApp('named');
  expect(await set('named', 'acme/starter')).toBe(200);
  await target.write(app('one'));
  await target.commit('one');
  expect((await target.push()).output).toMatch(/Using buildpack: acme\/starter[^]*deployed to Hokku/);
  const [build] = (await rig.api('GET', '/apps/named/builds')).json as { buildpacks: { url: string }[] }[];
  expect(build?.buildpacks[0]?.url).toBe(`${server.url}/named.git#${commit}`);
  const found = await rig.api('GET', '/buildpacks?in[namespace][]=acme&in[name][]=starter');
  expect(found.json).toMatchObject([{ namespace: 'acme', name: 'starter', blob_url: 'urn:buildpack:acme/starter' }]);
  expect(found.body).not.toContain(server.url);

  await target.commit('two');
  for (const [text, says] of [
    ['{}', /this platform has .*heroku\/python/],
    ['{', /it is not JSON/],
    ['{"acme/starter": "https://ada:hunter3@git.example.com/x.git"}', /acme\/starter has no https:/],
  ] as const) {
    await writeFile(registry, text);
    const push = await target.push();
    expect([push.exitCode, push.output]).toEqual([1, expect.stringMatching(says)]);
    expect(push.output + rig.platformLog).not.toContain('hunter3');
  }
  await rm(registry);
  // What the platform has itself needs no registry.
  await set('named', 'heroku/python');
  expect((await target.push()).output).toContain('Using buildpack: heroku/python');
  await writeFile(registry, '{}');
});

it('ends hostile ones, and keeps the last release', async () => {
  const target = await rig.createApp('hostile');
  await server.repo('good.git', starter);
  await set('hostile', `${server.url}/good.git`);
  await target.write(app('one'));
  await target.commit('one');
  expect((await target.push()).exitCode).toBe(0);
  const release = (text: string): string => `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`;
  const hostile: readonly (readonly [string, Record<string, string>, number, RegExp])[] = [
    ['yaml', { 'bin/release': release('---\n a: [1\n: b') }, 1, /it did not print valid YAML/],
    ['types', { 'bin/release': release('default_process_types: [1]') }, 1, /default_process_types is not a mapping/],
    ['gone', { 'bin/compile': '#!/bin/sh\nrm -rf "$1"\n' }, 1, /the build folder was removed by the buildpack/],
    // What is not the build's can't be written, and nothing runs on when the build has ended.
    ['daemon', { 'bin/compile': '#!/bin/sh\nsetsid sleep 4321 & echo "       forked"\n' }, 0, /forked/],
    ['cacheless', { 'bin/compile': '#!/bin/sh\nrm -rf "$2"; echo "       no cache"\n' }, 0, /no cache/],
    ['writes', { 'bin/compile': `#!/bin/sh\necho x > '${shelf}/written' || echo "       kept out"\n` }, 0, /kept out/],
    ['bytes', { 'bin/compile': "#!/bin/sh\nprintf '\\033[2J\\377\\376 odd\\n'\n" }, 0, /odd/],
  ];
  for (const [name, files, exitCode, says] of hostile) {
    await server.repo(`${name}.git`, { ...starter, ...files });
    await set('hostile', `${server.url}/${name}.git`);
    await target.commit(name);
    const push = await target.push();
    expect([name, push.exitCode, push.output]).toEqual([name, exitCode, expect.stringMatching(says)]);
    expect((await target.get()).body).toBe('one of web.1');
  }
  expect((await readdir(shelf)).includes('written')).toBe(false);
  const { stdout } = await spawn('ps', ['-eo', 'args'], { env: { PATH: '/usr/bin:/bin' } });
  expect(stdout.toString()).not.toContain('sleep 4321');
  await expectNothingLeft(rig);
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
