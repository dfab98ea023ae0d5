import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HokkuCommand, type Ended } from '../rig/hokku-command.ts';
import { withoutNamespaces } from '../rig/no-namespaces.ts';
import { processesIn } from '../rig/process-list.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-doctor-'));
  await chmod(dir, 0o711);
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const start = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  by: readonly string[] = [],
): HokkuCommand => new HokkuCommand(dir, args, env, by);
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  start(args, env).ended;

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly required: boolean;
  readonly evidence: string;
  readonly lost: string | null;
  readonly remedy: string | null;
}

const findingsOf = ({ stdout }: Ended): readonly Finding[] => JSON.parse(stdout) as readonly Finding[];

it('examines the machine for a reader and for a program', async () => {
  const [text, json] = await Promise.all([run(['doctor']), run(['doctor', '--json'])]);

  expect(text.exitCode).toBe(0);
  expect(text.stdout).toMatch(/^ok {7}git: \d/m);
  expect(text.stdout).toMatch(/^ok {7}pythons: 3\.\d+\.\d+ \(\//m);
  const findings = findingsOf(json);
  expect(json).toMatchObject({ exitCode: 0, stderr: '' });
  const names =
    'node git bash tar python3 pythons compiler isolation network cgroups dyno_disk data_folder disk port'.split(' ');
  expect(findings.map(({ name }) => name.replace(' ', '_'))).toEqual(names);
  // Where python3 is the distribution's, apps can have it too.
  const python = realpathSync('/usr/bin/python3');
  expect(findings.find(({ name }) => name === 'pythons')).toMatchObject({
    status: 'ok',
    evidence: expect.stringMatching(new RegExp(`\\d \\(${python}\\)`)),
  });
  expect(text.stdout + json.stdout).not.toContain('\u001b');
  // It looks, and leaves nothing.
  await expect(stat(join(dir, 'data'))).rejects.toThrow('ENOENT');
});

it('names a compiler and control groups that are not to be had, what is lost, and what to do', async () => {
  const there = ['cc', 'c++', 'make'].map((name) => spawnSync('which', [name]).stdout.toString().trim());
  const covers = there.filter(Boolean).flatMap((file) => ['--bind', '/dev/null', realpathSync(file)]);
  const poorer = ['bwrap', '--dev-bind', '/', '/', ...covers, '--tmpfs', '/sys/fs/cgroup', '--'];
  if (spawnSync('bwrap', [...poorer.slice(1), 'true']).status !== 0) {
    process.stderr.write('skipped: bubblewrap does not work here\n');
    return;
  }

  const findings = findingsOf(await start(['doctor', '--json'], { HOKKU_SANDBOX: 'process' }, poorer).ended);

  expect(findings).toContainEqual(
    expect.objectContaining({
      ...{ name: 'compiler', status: 'missing', required: false, evidence: 'cc, c++, make not found' },
      ...{ lost: expect.stringContaining('can’t be built'), remedy: 'Install build-essential.' },
    }),
  );
  expect(findings).toContainEqual(
    expect.objectContaining({
      ...{ name: 'cgroups', required: false, status: expect.stringMatching(/^(degraded|missing)$/) },
      remedy: expect.stringMatching(/^(Run the platform as|Mount cgroup2)/),
    }),
  );
});

it('names a data folder that apps could not reach, where that matters', async () => {
  const closed = join(dir, 'closed');
  await mkdir(closed, { mode: 0o700 });
  const dataDir = join(closed, 'in', 'data');

  const json = await run(['doctor', '--json'], { HOKKU_DATA_DIR: dataDir, HOKKU_SANDBOX: 'process' });

  // Only root's apps are other users, who have to pass.
  const isRoot = process.getuid?.() === 0;
  const { required, status, evidence, remedy } = findingsOf(json).find(({ name }) => name === 'data folder') ?? {};
  expect(required).toBe(true);
  expect([status, evidence, remedy].join('\n')).toMatch(
    isRoot
      ? new RegExp(`^missing\n.* can't pass ${closed}\nRun \`chmod o\\+x ${closed}\``)
      : new RegExp(`^ok\n${dataDir}, to be made in ${closed}\n`),
  );
  expect(json.exitCode).toBe(isRoot ? 1 : 0);
});

describe('without any sandbox, as an ordinary user', () => {
  const by = withoutNamespaces();
  const alone = { HOKKU_SANDBOX: '' };

  it('nothing is started unasked; server, demo and doctor say what was tried and what to do', async () => {
    if (by === null) return;
    const [server, demo, doctor, wanted] = await Promise.all([
      start(['server'], alone, by).ended,
      start(['demo', '--once'], alone, by).ended,
      start(['doctor', '--json'], alone, by).ended,
      start(['doctor', '--brief'], { HOKKU_SANDBOX: 'unshare' }, by).ended,
    ]);

    for (const { exitCode, stdout, stderr } of [server, demo]) {
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toMatch(/^missing {2}isolation: bwrap: .+; unshare: .+\n/);
      expect(stderr).toContain('sudo sysctl user.max_user_namespaces=15000');
      expect(stderr).toContain('Or set HOKKU_SANDBOX=process to go without');
    }
    expect(doctor.exitCode).toBe(1);
    expect(findingsOf(doctor)).toContainEqual(
      expect.objectContaining({ name: 'isolation', status: 'missing', required: true }),
    );
    expect(wanted).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('HOKKU_SANDBOX=unshare can’t be had, so the platform does not start'),
    });
    await expect(stat(join(dir, 'data'))).rejects.toThrow('ENOENT');
  });

  it('HOKKU_SANDBOX=process starts it, with a warning, and what it left can be stopped without that', async () => {
    if (by === null) return;
    const server = start(['server'], { HOKKU_SANDBOX: 'process' }, by);
    await server.ready();
    expect(server.stderr).toMatch(/^degraded isolation: process: no walls/);
    expect(server.stderr).toContain('the platform’s secrets');
    server.child.kill('SIGKILL');
    await server.ended;
    expect(await processesIn(dir)).not.toEqual([]);

    const stop = await start(['stop'], alone, by).ended;

    expect(stop).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await processesIn(dir)).toEqual([]);
  });
});
