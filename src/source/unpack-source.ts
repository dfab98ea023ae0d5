import { chown, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkTarball } from '../lib/check-tarball.ts';
import { exitCodeOf, startProcess } from '../lib/spawn.ts';
import { TarFault } from '../lib/tar-check.ts';

export interface UnpackOptions {
  /** The app's user, who owns the files when the platform is root. */
  readonly uid: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** As many as a commit may have. */
const maxEntries = 500_000;

/**
 * Unpacks a source tarball from a stranger into `dir`, which does not exist yet. Every member is checked before GNU tar sees
 * it, and tar works as the app's user. Returns the folder of the source: `dir`, or the one folder in it, as archives of
 * GitHub have. Throws a `TarFault`.
 */
export async function unpackSource(file: string, dir: string, options: UnpackOptions): Promise<string> {
  const { uid, maxBytes, signal } = options;
  const isRoot = process.getuid?.() === 0;
  await mkdir(dir, { mode: 0o755 });
  if (isRoot) await chown(dir, uid, uid);
  const tar = startProcess(
    '/bin/tar',
    ['--extract', '--touch', '--no-same-owner', '--delay-directory-restore', '--file=-'],
    {
      cwd: dir,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['pipe', 'ignore', 'pipe'],
      ...(isRoot ? { uid, gid: uid } : {}),
    },
  );
  const exited = exitCodeOf(tar);
  exited.catch(() => undefined); // Awaited below.
  let complaint = '';
  tar.stderr?.on('data', (chunk: Buffer) => {
    if (complaint.length < 2000) complaint += chunk.toString('utf8');
  });
  const input = tar.stdin;
  if (input === null) throw new Error('Internal: tar has no standard input');
  input.on('error', () => undefined); // Judged by its exit code.
  try {
    for await (const chunk of checkTarball(file, { maxBytes, maxEntries }, signal)) {
      if (!input.writable) break;
      if (!input.write(chunk)) await Promise.race([new Promise((resolve) => input.once('drain', resolve)), exited]);
    }
    input.end();
  } catch (error) {
    tar.kill('SIGKILL');
    await exited;
    throw error;
  }
  const exitCode = await exited;
  if (exitCode !== 0) throw new TarFault(`tar could not unpack it: ${complaint.trim().split('\n')[0] ?? ''}`);
  return await sourceRoot(dir);
}

async function sourceRoot(dir: string): Promise<string> {
  const names = (await readdir(dir, { encoding: 'buffer' })).filter((name) => name.toString() !== 'pax_global_header');
  const [only] = names;
  if (names.length !== 1 || only === undefined || !only.equals(Buffer.from(only.toString()))) return dir;
  const folder = join(dir, only.toString());
  return (await lstat(folder)).isDirectory() ? folder : dir;
}
