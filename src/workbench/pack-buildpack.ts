import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { spawn } from '../lib/spawn.ts';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { PlatformError } from '../errors/platform-error.ts';

/** 1980-01-01: an archive does not say when it was made, so equal buildpacks make equal archives. */
const fixedTime = '@315532800';
const maxBytes = 200 * 1024 * 1024;
const left = [
  './.git',
  './.github',
  './.gitignore',
  './test',
  './tests',
  './spec',
  './coverage',
  './node_modules',
  './export',
  './*.tgz',
];

export interface PackedBuildpack {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The buildpack as the archive that platforms fetch: no tests, sorted, no times, no owners. */
export async function packBuildpack(dir: string, file: string): Promise<PackedBuildpack> {
  const args = [
    ...['--create', '--format=gnu', '--sort=name', `--mtime=${fixedTime}`, '--owner=root:0', '--group=root:0'],
    ...['--mode=u+rwX,go+rX,go-w', '--file=-', '--anchored', ...left.map((path) => `--exclude=${path}`), '--', '.'],
  ];
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
  const tar = await spawn('tar', args, { cwd: dir, env, timeoutMs: 120_000, maxOutputBytes: maxBytes });
  if (tar.exitCode !== 0) {
    const detail = tar.stdout.length >= maxBytes ? 'it has more than 200 MB' : tar.stderr.trim().slice(0, 500);
    throw new PlatformError('invalid_params', `${dir} could not be packed: ${detail}.`);
  }
  const bytes = gzipSync(tar.stdout, { level: 9 });
  await writeFileAtomic(file, bytes);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
}
