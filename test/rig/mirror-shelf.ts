import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exists } from '../../src/lib/exists.ts';
import { spawn } from '../../src/lib/spawn.ts';

/** What an app needs to know of what was put on the shelf. */
export interface Shelved {
  readonly files?: Readonly<Record<string, string>>;
  readonly configVars?: Readonly<Record<string, string>>;
}

/** Thrown when this machine has not what would go onto the shelf: a reason to skip, not a fault. */
export class NotOnThisMachine extends Error {}

/**
 * Puts one thing into a folder for HOKKU_MIRROR, under the address at which a public buildpack asks for it: what
 * this machine has of the same kind, packed as the authors of the buildpack pack it.
 */
export type ShelfItem = (shelf: Shelf) => Promise<Shelved>;

export interface Shelf {
  /** `<host>/<path>`, as HOKKU_MIRROR wants it. */
  readonly dir: string;
  /** The bare git repository of `owner/name`. */
  readonly repository: (name: string) => string;
}

/** The interpreter of this machine, as the official Python buildpack finds its own: `bin/python` of a prefix that can be moved. */
export const pythonOfThisMachine: ShelfItem = async (shelf) => {
  const { prefix, version, name } = await movablePython();
  const host = 'heroku-buildpack-python.s3.dualstack.us-east-1.amazonaws.com';
  const { stdout } = await succeed('dpkg', ['--print-architecture']);
  const file = `python-${version}-ubuntu-24.04-${stdout.toString().trim()}.tar.zst`;
  const leftOut = ['test', 'site-packages', 'idlelib', '__pycache__'].map((each) => `--exclude=${each}`);
  await pack(join(shelf.dir, host, file), prefix, ['--zstd', ...leftOut, 'bin', 'include', 'lib']);
  return { files: { '.python-version': `${version}\n`, Procfile: `web: exec ${name} server.py\n` } };
};

/** This machine's Node.js with its npm, for `NODE_BINARY_URL`. */
export const nodeOfThisMachine: ShelfItem = async (shelf) => {
  const prefix = dirname(dirname(await realpath(process.execPath)));
  const members = ['bin/node', 'bin/npm', 'bin/npx', 'lib/node_modules/npm'];
  await pack(join(shelf.dir, 'downloads.example/node.tar.gz'), prefix, [
    '--gzip',
    '--transform=s,^,node/,S',
    ...members,
  ]);
  return { configVars: { NODE_BINARY_URL: 'https://downloads.example/node.tar.gz' } };
};

/** The buildpack that the official ones for Java and Gradle download to install a JDK. */
export const jvmCommon: ShelfItem = async (shelf) => {
  const path = join(shelf.dir, 'buildpack-registry.s3.dualstack.us-east-1.amazonaws.com/buildpacks/heroku/jvm.tgz');
  await mkdir(dirname(path), { recursive: true });
  const repository = shelf.repository('heroku/heroku-buildpack-jvm-common');
  await git(repository, ['archive', '--prefix=jvm/', `--output=${path}`, 'HEAD', '--', 'bin', 'lib', 'opt', '*.json']);
  return {};
};

/** A JDK of this machine, whole and without links out of it, as an app brings it along in `.jdk`. */
export const jdkOfThisMachine: ShelfItem = async (shelf) => {
  const root = '/usr/lib/jvm';
  const found = (await readdir(root).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
  const whole = await Promise.all(found.map((name) => exists(join(root, name, 'bin/javac'))));
  const jdk = found.find((_name, index) => whole[index]);
  if (jdk === undefined) throw new NotOnThisMachine(`there is no JDK in ${root}`);
  const leftOut = ['jmods', 'src.zip', 'demo', 'man', 'legal', 'cacerts.bak'].map((each) => `--exclude=${each}`);
  await pack(join(shelf.dir, 'downloads.example/jdk.tar.gz'), join(root, jdk), ['--gzip', '-h', ...leftOut, '.']);
  return {};
};

/** The unit tests of buildpacks, from Debian's package. */
export const shunit: ShelfItem = async (shelf) => {
  const folder = await fromDebian('shunit2');
  try {
    const host = 'storage.googleapis.com/google-code-archive-downloads/v2/code.google.com/shunit2';
    await pack(join(shelf.dir, host, 'shunit2-2.1.6.tgz'), join(folder, 'usr/share'), [
      ...['--gzip', '--transform=s,^shunit2,shunit2-2.1.6,', 'shunit2'],
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return {};
};

/** A key that nothing can be opened with. */
export const deployKey: ShelfItem = async (shelf) => {
  const path = join(shelf.dir, 'key');
  await succeed('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'nobody', '-f', path]);
  return { configVars: { GIT_DEPLOY_KEY: await readFile(path, 'utf8') } };
};

/** Of the interpreters on the PATH the first that is not Debian's, whose parts lie in several folders. */
async function movablePython(): Promise<{ prefix: string; version: string; name: string }> {
  const script =
    'import sys; print(sys.base_prefix, "%d.%d.%d" % sys.version_info[:3], "python%d.%d" % sys.version_info[:2])';
  for (const name of ['python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3']) {
    const { exitCode, stdout } = await spawn(name, ['-c', script], { env: environment }).catch(() => nothing);
    const [prefix = '', version = '', python = ''] = stdout.toString().trim().split(' ');
    if (exitCode === 0 && prefix !== '/usr' && /^3\.1\d/.test(version)) return { prefix, version, name: python };
  }
  throw new NotOnThisMachine('there is no Python >= 3.10 in a prefix of its own on the PATH');
}

async function fromDebian(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hokku-debian-'));
  const { exitCode, stderr } = await spawn('apt-get', ['download', name], { env: environment, cwd: folder });
  const [deb] = await readdir(folder);
  if (exitCode !== 0 || deb === undefined) {
    await rm(folder, { recursive: true, force: true });
    throw new NotOnThisMachine(`Debian's package ${name} can't be had: ${stderr.trim()}`);
  }
  await succeed('dpkg', ['-x', join(folder, deb), folder]);
  return folder;
}

const environment = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/nonexistent', LC_ALL: 'C' };
const nothing = { exitCode: 127, stdout: Buffer.alloc(0) };

async function pack(path: string, from: string, args: readonly string[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await succeed('tar', ['--create', `--file=${path}`, `--directory=${from}`, ...args]);
}

/** A mirror may belong to somebody else. */
export async function git(repository: string, args: readonly string[]): Promise<Buffer> {
  return (await succeed('git', ['-c', 'safe.directory=*', '-C', repository, ...args])).stdout;
}

async function succeed(file: string, args: readonly string[]): ReturnType<typeof spawn> {
  const ended = await spawn(file, args, { env: environment }).catch((error: unknown) => {
    throw new NotOnThisMachine(`${file} can't be run: ${String(error)}`);
  });
  if (ended.exitCode !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${ended.exitCode}: ${ended.stderr}`);
  return ended;
}
