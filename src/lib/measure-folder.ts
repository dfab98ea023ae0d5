import { basename } from 'node:path';
import { spawn } from './spawn.ts';

/** Some ten million files. */
const timeoutMs = 10 * 60_000;

/**
 * Bytes on disk below a folder, and of what lies directly in it by its name: blocks, not file sizes. What disappears meanwhile
 * counts as far as it was seen. Throws when it takes too long: what was not reached must not be taken for empty.
 */
export async function measureFolder(
  dir: string,
  signal?: AbortSignal,
): Promise<{ readonly total: number; readonly parts: ReadonlyMap<string, number> }> {
  const args = ['-n', '10', 'du', '--block-size=1', '--one-file-system', '--null', '--all', '--max-depth=1', '--', dir];
  const options = { env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' }, timeoutMs };
  // Its exit status also tells of files that went away, which is no fault.
  const { stdout, timedOut } = await spawn('nice', args, signal === undefined ? options : { ...options, signal });
  if (timedOut)
    throw new Error(`${dir} holds so many files that they could not be counted in ${timeoutMs / 60_000} minutes`);
  const parts = new Map<string, number>();
  let total = 0;
  for (const line of stdout.toString('utf8').split('\0')) {
    const [, size, path] = /^(\d+)\t(.*)$/s.exec(line) ?? [];
    if (size === undefined || path === undefined) continue;
    if (path === dir) total = Number(size);
    else parts.set(basename(path), Number(size));
  }
  return { total, parts };
}
