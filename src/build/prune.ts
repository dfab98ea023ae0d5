import { run } from '../lib/spawn.ts';

/** Removes what never belongs into a slug: `.git` at any depth (a folder, or a submodule's file), `.gitmodules`, `.DS_Store`. Follows no link. */
export async function prune(dir: string, signal: AbortSignal): Promise<void> {
  const named = ['(', '-name', '.git', '-o', '-name', '.DS_Store', '-o', '-path', './.gitmodules', ')'];
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
  await run('find', ['.', ...named, '-prune', '-exec', 'rm', '-rf', '--', '{}', '+'], {
    cwd: dir,
    env,
    signal,
    timeoutMs: 120_000,
  });
}
