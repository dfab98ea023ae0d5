import { chmod, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lib/spawn.ts';
import { runInSandbox, type Sandbox } from '../supervisor/index.ts';

const mebibyte = 1024 * 1024;
const trialBytes = 32 * mebibyte;
/** Some user id that is nobody's in particular. */
const trialUid = 64_999;
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * A file that holds an empty ext4 file system of this size. About 100 KB of it are on disk, the rest as it is written. No journal:
 * nothing of it is wanted after a crash of the machine.
 */
export async function makeDiskImage(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.truncate(bytes);
  } finally {
    await file.close();
  }
  const features = ['-O', '^has_journal,^resize_inode', '-E', 'lazy_itable_init=1,nodiscard', '-m', '0', '-i', '16384'];
  await run('mkfs.ext4', ['-q', '-F', ...features, path], { env, timeoutMs: 60_000 });
}

/** Whether dynos of this sandbox can have a file system of their own on the disk of `dir`, found by running something in one. Null: yes; else why not. */
export async function whyNoDiskImages(sandbox: Sandbox, dir: string): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'only root may mount them';
  if (!sandbox.hasPrivatePaths) return 'there is no sandbox';
  await mkdir(dir, { recursive: true });
  const trial = await mkdtemp(join(dir, 'disk-trial-'));
  try {
    await chmod(trial, 0o711);
    return await tryOut(sandbox, trial);
  } catch (error) {
    return (error as Error).message.split('\n')[0] ?? '';
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

async function tryOut(sandbox: Sandbox, trial: string): Promise<string | null> {
  const disk = { image: join(trial, 'image'), dir: join(trial, 'disk') };
  const lower = join(trial, 'lower');
  await mkdir(disk.dir, { mode: 0o711 });
  await mkdir(lower);
  await makeDiskImage(disk.image, trialBytes);
  let said = '';
  const hear = (chunk: Buffer): void => void (said += chunk.toString());
  const result = await runInSandbox(
    sandbox,
    {
      argv: ['/bin/sh', '-c', 'echo kept > /app/file && echo kept > /tmp/file && stat -f -c "%b %S" /tmp'],
      env: { PATH: '/usr/bin:/bin' },
      ...{ cwd: '/app', uid: trialUid, hostname: 'trial', mounts: [], disk },
      app: { kind: 'overlay', lower, upper: join(disk.dir, 'upper'), work: join(disk.dir, 'work') },
      tmpDir: join(disk.dir, 'tmp'),
    },
    { onStdout: hear, onStderr: hear, timeoutMs: 15_000 },
  );
  const [blocks, blockBytes] = said.trim().split(' ').map(Number);
  if (result.exitCode !== 0) return said.trim().split('\n').at(-1) ?? '';
  const isBounded = (blocks ?? Infinity) * (blockBytes ?? Infinity) <= trialBytes;
  return isBounded ? null : 'no loop device could be had for one';
}
