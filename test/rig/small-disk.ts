import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own of a limited size, in memory. */
export class SmallDisk implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Null where none can be mounted: only root can, and not in every container. `options` of tmpfs: `size=300m,nr_inodes=20k`. */
  static async mount(options: string): Promise<SmallDisk | null> {
    const dir = await mkdtemp(join(tmpdir(), 'hokku-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir], { stdio: 'ignore' });
    } catch {
      await rm(dir, { recursive: true });
      return null;
    }
    await chmod(dir, 0o711);
    return new SmallDisk(dir);
  }

  /** Takes what is free, but for `leaveBytes`. */
  async fill(leaveBytes: number): Promise<void> {
    const file = await open(join(this.dir, 'filler'), 'a');
    try {
      const block = Buffer.alloc(256 * 1024, 1);
      for (;;) {
        const { bavail, bsize } = await statfs(this.dir);
        const left = bavail * bsize - leaveBytes;
        if (left < bsize) return;
        try {
          await file.write(block, 0, Math.min(block.length, left));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
          throw error;
        }
      }
    } finally {
      await file.close();
    }
  }

  async empty(): Promise<void> {
    await rm(join(this.dir, 'filler'), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync('umount', ['--lazy', this.dir]);
    await rm(this.dir, { recursive: true, force: true });
  }
}
