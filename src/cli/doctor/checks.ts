import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import semver from 'semver';
import type { Config } from '../../config/index.ts';
import { spawn } from '../../lib/spawn.ts';
import { probeSandbox } from '../../supervisor/index.ts';
import { ok, type Finding } from './finding.ts';

/** Everything that the platform needs or can use, in the order in which a reader wants to know it. */
export async function examineMachine(config: Config): Promise<readonly Finding[]> {
  return [
    checkNode(),
    await checkProgram('git', ['--version'], '2.30.0', ['git'], 'receive pushes'),
    await checkProgram('bash', ['--version'], '5.0.0', ['bash'], 'run buildpacks and dynos'),
    await checkProgram('tar', ['--version'], '1.28.0', ['tar'], 'unpack slugs'),
    await checkProgram('python3', ['--version'], '3.9.0', ['python3'], 'build Python apps'),
    await checkSandbox(config),
    await checkDisk(config),
    await checkPort(config),
  ];
}

function checkNode(): Finding {
  const version = process.versions.node;
  if (semver.gte(version, '20.19.0')) return ok('node', version);
  const remedy = 'Install Node.js 20.19 or newer.';
  return {
    name: 'node',
    status: 'missing',
    required: true,
    evidence: version,
    lost: 'everything',
    remedy,
    packages: [],
  };
}

async function checkProgram(
  name: string,
  args: readonly string[],
  atLeast: string,
  packages: readonly string[],
  purpose: string,
): Promise<Finding> {
  const missing = (evidence: string): Finding => ({
    name,
    status: 'missing',
    required: true,
    evidence,
    lost: `without it the platform can't ${purpose}`,
    remedy: `Install ${name} ${atLeast} or newer.`,
    packages,
  });
  try {
    const { stdout, exitCode } = await spawn(name, args, {
      env: { PATH: programPath, LC_ALL: 'C' },
      timeoutMs: 10_000,
    });
    const version = semver.coerce(stdout.toString('utf8').split('\n')[0] ?? '');
    if (exitCode !== 0 || version === null) return missing(`\`${name} ${args.join(' ')}\` did not say its version`);
    return semver.gte(version, atLeast) ? ok(name, version.version) : missing(`${version.version} is too old`);
  } catch {
    return missing('not found');
  }
}

const programPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function checkSandbox(config: Config): Promise<Finding> {
  const name = 'isolation';
  const packages = ['bubblewrap'];
  const remedy = 'Install bubblewrap.';
  const sandbox = await probeSandbox({
    hide: [config.dataDir],
    ...(config.sandbox === null ? {} : { want: config.sandbox }),
  });
  switch (sandbox.rung) {
    case 'bwrap':
      return ok(name, sandbox.description, false);
    case 'unshare':
      return {
        name,
        status: 'degraded',
        required: false,
        evidence: sandbox.description,
        lost: 'the machine’s own files are readable by apps as they are by any user',
        remedy,
        packages,
      };
    case 'process':
      return {
        name,
        status: 'degraded',
        required: false,
        evidence: sandbox.description,
        lost: 'apps and builds are not kept apart from each other or from this machine, and there is no /app folder',
        remedy: 'Install bubblewrap, and allow user namespaces (sysctl user.max_user_namespaces).',
        packages,
      };
    default:
      throw new Error('Internal: unknown sandbox rung');
  }
}

/** Free space and the time of 500 small files: on a disk that is slow at these, every build is slow. */
async function checkDisk(config: Config): Promise<Finding> {
  const name = 'disk';
  let folder = config.dataDir;
  let dir: string | null = null;
  try {
    while (dir === null) {
      try {
        dir = await mkdtemp(join(folder, '.doctor-'));
      } catch (error) {
        const parent = join(folder, '..');
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
        folder = parent;
      }
    }
    const started = performance.now();
    for (let n = 0; n < 500; n += 1) await writeFile(join(dir, String(n)), 'x');
    const milliseconds = Math.round(performance.now() - started);
    const { bavail, bsize } = await statfs(dir);
    const gibibytes = (bavail * bsize) / 2 ** 30;
    const evidence = `${gibibytes.toFixed(1)} GiB free, 500 small files in ${milliseconds} ms`;
    if (gibibytes >= 2 && milliseconds < 2000) return ok(name, evidence, false);
    const remedy = 'Put HOKKU_DATA_DIR on a roomier or faster disk.';
    const lost = gibibytes < 2 ? 'builds will soon fail for want of space' : 'builds are slow';
    return { name, status: 'degraded', required: false, evidence, lost, remedy, packages: [] };
  } catch (error) {
    const evidence = (error as Error).message;
    const remedy = `Set HOKKU_DATA_DIR to a folder that this user can write (temporary: ${tmpdir()}).`;
    return { name, status: 'missing', required: true, evidence, lost: 'nothing can be stored', remedy, packages: [] };
  } finally {
    if (dir !== null) await rm(dir, { recursive: true, force: true });
  }
}

function checkPort(config: Config): Promise<Finding> {
  const name = 'port';
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const evidence = `${config.bind}:${config.port}: ${error.code ?? error.message}`;
      const remedy = 'If that is not Hokku itself, stop what listens there or set HOKKU_PORT.';
      resolve({
        name,
        status: 'degraded',
        required: false,
        evidence,
        lost: 'a second platform can’t start there',
        remedy,
        packages: [],
      });
    });
    server.listen(config.port, config.bind, () => {
      server.close(() => {
        resolve(ok(name, `${config.bind}:${config.port} is free`, false));
      });
    });
  });
}
