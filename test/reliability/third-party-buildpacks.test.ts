import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { exists } from '../../src/lib/exists.ts';
import { spawn } from '../../src/lib/spawn.ts';
import { startGitServer, type GitServer } from '../rig/git-server.ts';
import { git, NotOnThisMachine, type ShelfItem, type Shelved } from '../rig/mirror-shelf.ts';
import { mirroredBuildpacks, type MirroredBuildpack } from '../rig/mirrored-buildpacks.ts';
import { PlatformRig } from '../rig/platform-rig.ts';
import { writeDocSection } from '../rig/write-doc-section.ts';

/** A folder of bare git repositories, `<owner>+<name>/repo`. */
const mirrors = process.env['HOKKU_TEST_BUILDPACK_MIRRORS'] ?? '';
/** Of these `owner/name` only, with commas between them. */
const only = (process.env['HOKKU_TEST_BUILDPACKS'] ?? '').split(',').filter((name) => name !== '');
/** Fewer say nothing that is worth a page. */
const worthAPage = 25;

const print = (line: string): void => void process.stderr.write(`${line}\n`);
/** Why a mirror can't be served; null if it can. Some are copies without the large files. */
async function lackOf({ name, archive }: MirroredBuildpack): Promise<string | null> {
  const dir = join(mirrors, folderOf(name));
  if (!(await exists(dir))) return 'there is no mirror of it';
  if (archive !== undefined) return null;
  const args = [
    '-c',
    'safe.directory=*',
    '-C',
    dir,
    'rev-list',
    '--objects',
    '--max-count=1',
    '--missing=print',
    'HEAD',
  ];
  const listed = await spawn('git', args, { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
  if (listed.exitCode !== 0) return `its mirror can't be read: ${listed.stderr.trim()}`;
  return /^\?/m.test(listed.stdout.toString()) ? 'its mirror lacks files of its latest commit' : null;
}

const chosen = mirroredBuildpacks.filter(({ name }) => only.length === 0 || only.includes(name));

/** Fills the folder for HOKKU_MIRROR, and the archives; says for each buildpack what its app is told, or why it can't be run. */
async function stock(dir: string): Promise<Map<MirroredBuildpack, readonly Shelved[] | string>> {
  const shelf = { dir: join(dir, 'mirror'), repository: (name: string) => join(mirrors, folderOf(name)) };
  await mkdir(shelf.dir);
  await mkdir(join(dir, 'archives'));
  const put = new Map<ShelfItem, Promise<Shelved>>();
  const stocked = new Map<MirroredBuildpack, readonly Shelved[] | string>();
  for (const each of chosen) {
    for (const item of each.shelf ?? []) if (!put.has(item)) put.set(item, item(shelf));
    try {
      stocked.set(each, await Promise.all((each.shelf ?? []).map(async (item) => (await put.get(item)) ?? {})));
      if (each.archive !== undefined) await archive(each.name, each.archive, join(dir, 'archives'));
    } catch (error) {
      if (!(error instanceof NotOnThisMachine)) throw error;
      stocked.set(each, error.message);
    }
  }
  return stocked;
}

async function archive(
  name: string,
  { commit, without }: NonNullable<MirroredBuildpack['archive']>,
  to: string,
): Promise<void> {
  const repository = join(mirrors, folderOf(name));
  if (!(await exists(repository))) throw new NotOnThisMachine('there is no mirror of it');
  const output = join(to, `${name.replace('/', '+')}.tgz`);
  const paths = ['.', ...without.map((path) => `:(exclude)${path}`)];
  await git(repository, [
    'archive',
    '--prefix=buildpack/',
    '--format=tar.gz',
    `--output=${output}`,
    commit,
    '--',
    ...paths,
  ]);
}

it(
  'runs public buildpacks as they are published, cold and warm',
  async () => {
    if (mirrors === '') {
      print('skipped: HOKKU_TEST_BUILDPACK_MIRRORS names no folder of mirrors');
      return;
    }
    const dir = await mkdtemp(join(tmpdir(), 'hokku-shelf-'));
    await using _removed = { [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
    const shelf = await stock(dir);
    await using server = await startGitServer(mirrors, { isOpen: true });
    await using archives = await startGitServer(join(dir, 'archives'), { isOpen: true });
    await using rig = await PlatformRig.start({
      settings: {
        HOKKU_STOP_GRACE: '1',
        HOKKU_PRIVATE_SOURCES: `${server.url},${archives.url}`,
        HOKKU_API_RATE_LIMIT: '100000',
        HOKKU_MIRROR: join(dir, 'mirror'),
      },
    });
    const rows: string[] = [];
    const faults: string[] = [];
    for (const each of chosen) {
      const shelved = shelf.get(each) ?? [];
      const lack = typeof shelved === 'string' ? shelved : await lackOf(each);
      if (lack !== null || typeof shelved === 'string') {
        print(`skipped: ${each.name}: ${lack}`);
        continue;
      }
      const name = `mirror-${rows.length}`;
      const { fault, commit, warm } = await run(each, shelved, rig, { server, archives, name });
      print(`${fault === null ? 'as expected' : 'FAULT      '} ${each.name} ${commit} ${each.outcome} ${fault ?? ''}`);
      if (fault !== null) faults.push(`${each.name}: ${fault}`);
      const seen =
        each.outcome === 'built' ? `built, cold and warm (${warm.toFixed(1)} s): ${each.note}` : `stops: ${each.note}`;
      rows.push(`| ${each.name} | ${commit} | ${seen} |`);
    }
    expect(faults).toEqual([]);
    expect(rows).not.toEqual([]);
    const page = ['| Buildpack | Commit | What happened |', '| --- | --- | --- |', ...rows].join('\n');
    if (rows.length >= worthAPage) await writeDocSection('buildpacks.md', 'third-party', page);
  },
  60 * 60_000,
);

interface Seen {
  readonly fault: string | null;
  readonly commit: string;
  /** Seconds of the second push. */
  readonly warm: number;
}

interface Hosts {
  readonly server: GitServer;
  readonly archives: GitServer;
  /** Of the app. */
  readonly name: string;
}

async function run(
  each: MirroredBuildpack,
  shelved: readonly Shelved[],
  rig: PlatformRig,
  hosts: Hosts,
): Promise<Seen> {
  const { name } = hosts;
  const app = await rig.createApp(name);
  const reference =
    each.archive === undefined
      ? `${hosts.server.url}/${folderOf(each.name)}`
      : `${hosts.archives.url}/${each.name.replace('/', '+')}.tgz`;
  const updates = [...(each.after ?? []).map((repo) => `${hosts.server.url}/${folderOf(repo)}`), reference].map(
    (buildpack) => ({ buildpack }),
  );
  const installed = await rig.api('PUT', `/apps/${name}/buildpack-installations`, { updates });
  expect([installed.status, installed.body]).toEqual([200, expect.anything()]);
  const configVars = Object.assign(
    {},
    each.configVars,
    ...shelved.map((one) => one.configVars),
  ) as Shelved['configVars'];
  await rig.api('PATCH', `/apps/${name}/config-vars`, configVars);
  const files = Object.assign({}, each.files, ...shelved.map((one) => one.files)) as Record<string, string>;
  await app.write(files);
  for (const [path, content] of Object.entries(files)) {
    if (content.startsWith('#!')) await chmod(join(app.dir, path), 0o755);
  }
  try {
    await app.commit('cold');
    const cold = await app.push();
    const fault = judge(each, cold);
    const commits = [...cold.output.matchAll(/Fetched \S+ \(([0-9a-f]{8})\)/g)].map(([, commit]) => commit ?? '');
    const commit = each.archive?.commit ?? commits.at(-1) ?? 'none';
    if (commits.length !== updates.length)
      return { fault: `not fetched:\n${cold.output.slice(-2500)}`, commit, warm: 0 };
    if (fault !== null || each.outcome === 'stops') return { fault, commit, warm: 0 };
    const answer = await app.get();
    if (answer.status !== 200) return { fault: `the app answers with ${answer.status}`, commit, warm: 0 };
    await app.commit('warm');
    const startedAt = performance.now();
    const again = judge(each, await app.push());
    return { fault: again === null ? null : `warm: ${again}`, commit, warm: (performance.now() - startedAt) / 1000 };
  } finally {
    await rig.api('DELETE', `/apps/${name}`);
  }
}

function judge(each: MirroredBuildpack, push: { readonly exitCode: number; readonly output: string }): string | null {
  const isRight = (push.exitCode === 0) === (each.outcome === 'built') && each.says.test(push.output);
  return isRight ? null : `git push ended with ${push.exitCode}:\n${push.output.slice(-2500)}`;
}

function folderOf(name: string): string {
  return `${name.replace('/', '+')}/repo`;
}
