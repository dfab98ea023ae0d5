import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { exists } from '../../src/lib/exists.ts';
import { spawn } from '../../src/lib/spawn.ts';
import { PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { publicApps, type PublicApp } from '../rig/public-apps.ts';
import { writeDocSection } from '../rig/write-doc-section.ts';

/** A folder of bare git repositories, `<owner>+<name>/repo`. */
const mirrors = process.env['HOKKU_TEST_PUBLIC_APPS'] ?? '';
/** Of these only: a regular expression for `<language> <repository>/<folder>`. */
const only = new RegExp(process.env['HOKKU_TEST_APPS'] ?? '', 'i');
/** Fewer say nothing that is worth a page. */
const worthAPage = 30;

const print = (line: string): void => void process.stderr.write(`${line}\n`);

it(
  'deploys the example apps of others, which then answer',
  async () => {
    if (mirrors === '') {
      print('skipped: HOKKU_TEST_PUBLIC_APPS names no folder of mirrors');
      return;
    }
    await using rig = await PlatformRig.start({
      settings: { HOKKU_STOP_GRACE: '1', HOKKU_API_RATE_LIMIT: '100000' },
    });
    const rows: string[] = [];
    const faults: string[] = [];
    for (const each of publicApps) {
      const title = titleOf(each);
      if (!only.test(`${each.language} ${title}`)) continue;
      const startedAt = performance.now();
      const seen = await deploy(each, rig, `public-${rows.length + faults.length}`);
      const took = ((performance.now() - startedAt) / 1000).toFixed(0);
      if (seen.kind === 'skipped') {
        print(`skipped: ${title}: ${seen.because}`);
        continue;
      }
      const isExpected = each.stops === undefined ? seen.kind === 'answers' : each.stops.says.test(seen.output);
      print(`${isExpected ? 'as expected' : 'FAULT      '} ${each.language} ${title} ${took} s: ${seen.kind}`);
      if (!isExpected) {
        print(seen.output.slice(-3000));
        faults.push(`${title}: ${seen.output.slice(-300)}`);
      }
      const told =
        each.stops === undefined
          ? `answers${each.note === undefined ? '' : `: ${each.note}`}`
          : `stops: ${each.stops.because}`;
      rows.push(`| ${each.language} | ${title} | ${seen.commit} | ${told} |`);
    }
    expect(faults).toEqual([]);
    expect(rows).not.toEqual([]);
    const page = ['| Language | App | Commit | What happened |', '| --- | --- | --- | --- |', ...rows].join('\n');
    if (rows.length >= worthAPage) await writeDocSection('languages.md', 'public-apps', page);
  },
  3 * 60 * 60_000,
);

type Seen =
  | { readonly kind: 'skipped'; readonly because: string }
  | { readonly kind: 'answers' | 'stops'; readonly commit: string; readonly output: string };

async function deploy(each: PublicApp, rig: PlatformRig, name: string): Promise<Seen> {
  const mirror = join(mirrors, each.repository.replace('/', '+'), 'repo');
  const repository = (await exists(join(mirror, '.git'))) ? join(mirror, '.git') : mirror;
  if (!(await exists(repository))) return { kind: 'skipped', because: 'there is no mirror of it' };
  const app = await rig.createApp(name);
  try {
    const lack = await unpack(repository, each.folder ?? '', app.dir);
    if (lack !== null) return { kind: 'skipped', because: lack };
    if (each.configVars !== undefined) await rig.api('PATCH', `/apps/${name}/config-vars`, each.configVars);
    if (each.buildpacks !== undefined) {
      const updates = each.buildpacks.map((buildpack) => ({ buildpack }));
      await rig.api('PUT', `/apps/${name}/buildpack-installations`, { updates });
    }
    await app.commit('as published');
    const commit = (await run(repository, ['rev-parse', '--short=8', 'HEAD'])).stdout.toString().trim();
    const push = await app.push();
    if (push.exitCode !== 0) return { kind: 'stops', commit, output: push.output };
    return { ...(await ask(app, each.path ?? '/', push.output)), commit };
  } finally {
    await rig.api('DELETE', `/apps/${name}`);
  }
}

async function ask(app: RigApp, path: string, output: string): Promise<{ kind: 'answers' | 'stops'; output: string }> {
  const { status } = await app.get(path);
  if (status >= 200 && status < 400) return { kind: 'answers', output };
  const logs = await app.logs({ lines: 100 });
  return { kind: 'stops', output: [output, ...logs, `${path} was answered with ${status}`].join('\n') };
}

/** Puts the files of a folder of the newest commit into the working copy; says why that can't be done. */
async function unpack(repository: string, folder: string, to: string): Promise<string | null> {
  const archived = await run(repository, ['archive', '--format=tar', `HEAD:${folder}`]);
  if (archived.exitCode !== 0) return `its mirror can't be read: ${archived.stderr.trim()}`;
  const unpacked = await spawn('tar', ['-x', '-C', to], { env, stdin: archived.stdout });
  return unpacked.exitCode === 0 ? null : `it can't be unpacked: ${unpacked.stderr.trim()}`;
}

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };

/** A mirror may belong to somebody else. */
const run = (repository: string, args: readonly string[]): ReturnType<typeof spawn> =>
  spawn('git', ['-c', 'safe.directory=*', '-C', repository, ...args], { env, maxOutputBytes: 512 * 1024 ** 2 });

const titleOf = ({ repository, folder }: PublicApp): string =>
  folder === undefined ? repository : `${repository}/${folder}`;
