// Compiles src/ to dist/ and the dyno supervisor to dist/supervisor. Does nothing when nothing has changed.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
const stamp = join(dist, '.built');

const newest = (dir) =>
  Math.max(
    statSync(dir).mtimeMs,
    ...readdirSync(dir, { withFileTypes: true, recursive: true }).map(
      (entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs,
    ),
  );
const changedAt = Math.max(
  newest(join(root, 'src')),
  newest(import.meta.dirname),
  statSync(join(root, 'package.json')).mtimeMs,
);

if (!existsSync(stamp) || statSync(stamp).mtimeMs < changedAt) {
  mkdirSync(join(dist, 'supervisor'), { recursive: true });
  // Compiled next to the old one and renamed, so that a running supervisor keeps its file.
  const supervisor = join(dist, 'supervisor', 'hokku-supervisor');
  const source = join(root, 'src', 'supervisor', 'supervisor.c');
  if (existsSync(source)) {
    const compiler = process.env['CC'] ?? 'cc';
    try {
      execFileSync(compiler, ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-o', `${supervisor}.new`, source], {
        stdio: 'inherit',
      });
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      console.error(
        `hokku: there is no C compiler (${compiler}). Run this, then try again: sudo apt-get install build-essential`,
      );
      process.exit(1);
    }
    execFileSync('mv', [`${supervisor}.new`, supervisor]);
  }
  const typescript = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  rmSync(stamp, { force: true });
  execFileSync(process.execPath, [typescript, '-p', join(root, '.config', 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  mkdirSync(join(dist, 'api', 'schema'), { recursive: true });
  copyFileSync(
    join(root, 'src', 'api', 'schema', 'platform-api.json'),
    join(dist, 'api', 'schema', 'platform-api.json'),
  );
  writeFileSync(stamp, '');
}
