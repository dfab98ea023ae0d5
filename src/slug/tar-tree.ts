import { exitCodeOf, startProcess } from '../lib/spawn.ts';

/** 1980-01-01 00:00:01 UTC, as in other reproducible images: zip can't hold an earlier time. */
const fixedTimeSeconds = 315_532_801;

/**
 * The tree as a tar of `./app/...`: sorted by the bytes of the names, owned by root, of one fixed time, hard links stored as
 * files. GNU tar does it, because it takes names as bytes (tar-stream takes strings, and would change what is not valid UTF-8)
 * and reads 6,000 small files in a fifth of the time that this process would need.
 */
export async function* tarTree(dir: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const tar = startProcess(
    'tar',
    [
      '--create',
      '--format=gnu',
      '--sort=name',
      `--mtime=@${fixedTimeSeconds}`,
      '--owner=root:0',
      '--group=root:0',
      '--hard-dereference',
      // Of names only, not of the targets of links.
      '--transform=flags=rSH;s,^\\.,./app,',
      '--file=-',
      '.',
    ],
    {
      cwd: dir,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const exited = exitCodeOf(tar);
  exited.catch(() => undefined); // Awaited below.
  let complaint = '';
  tar.stderr?.on('data', (chunk: Buffer) => {
    if (complaint.length < 2000) complaint += chunk.toString('utf8');
  });
  try {
    if (tar.stdout === null) throw new Error('Internal: tar has no standard output');
    for await (const chunk of tar.stdout as AsyncIterable<Buffer>) yield chunk;
    const exitCode = await exited;
    if (exitCode !== 0)
      throw new Error(`tar could not read the built tree (exit status ${exitCode}): ${complaint.trim()}`);
  } finally {
    tar.kill('SIGKILL');
  }
}
