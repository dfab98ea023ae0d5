import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem, isObject } from './problem.mjs';

const lockFiles = [
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
  ['yarn.lock', 'yarn'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
];

/**
 * How the app's packages are installed, by its lock file and the `packageManager` of package.json.
 * `{name, lockFile, range, origin, warnings}`: name is npm, yarn-classic, yarn-berry, pnpm or bun; range of its version is '' for
 * the default.
 */
export function chooseManager(dir, manifest) {
  const found = lockFiles.filter(([file]) => existsSync(join(dir, file)));
  // Both of npm's have the same form, and npm takes the latter; both of Bun's are made during a move from one to the other.
  const owners = [...new Set(found.map(([, owner]) => owner))];
  if (owners.length > 1) {
    throw new Problem(
      'multiple-lock-files',
      found.map(([file, owner]) => `${file} (${owner})`).join(', '),
      found[0][0],
      owners[0],
    );
  }
  const stated = readPackageManager(manifest);
  const [owner] = owners;
  if (stated !== null && owner !== undefined && stated.name !== owner) {
    throw new Problem(
      'manager-contradicts-lock-file',
      `${stated.name}@${stated.version}`,
      found[0][0],
      owner,
      stated.name,
    );
  }
  const name = stated?.name ?? owner ?? managerOfEngines(manifest) ?? 'npm';
  const engine =
    isObject(manifest.engines) && typeof manifest.engines[name] === 'string' ? manifest.engines[name].trim() : '';
  const lockFile = found.some(([file]) => file === 'npm-shrinkwrap.json')
    ? 'npm-shrinkwrap.json'
    : (found.find(([file]) => file !== 'bun.lockb') ?? found[0] ?? [''])[0];
  const range = stated?.version ?? engine;
  const origin = stated !== null ? 'packageManager' : engine !== '' ? `engines.${name}` : '';
  const warnings = [];
  if (stated !== null && engine !== '' && /^\d/.test(engine) && engine.split('.')[0] !== stated.version.split('.')[0]) {
    warnings.push(
      `package.json asks for ${stated.name}@${stated.version} (packageManager) and ${name} ${engine} (engines): the first is used.`,
    );
  }
  if (name !== 'yarn') return { name, lockFile, range, origin, warnings };
  return { name: `yarn-${yarnKind(dir, lockFile, range)}`, lockFile, range, origin, warnings };
}

function managerOfEngines(manifest) {
  if (!isObject(manifest.engines)) return undefined;
  const named = ['yarn', 'pnpm', 'bun'].filter((name) => manifest.engines[name] !== undefined);
  return named.length === 1 ? named[0] : undefined;
}

/** `pnpm@9.1.0+sha512.abc` */
function readPackageManager({ packageManager }) {
  if (packageManager === undefined || packageManager === '') return null;
  const found = /^(npm|yarn|pnpm|bun)@(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)(?:\+[0-9A-Za-z.]+)?$/.exec(
    String(packageManager),
  );
  if (found === null) throw new Problem('package-manager-invalid', String(packageManager));
  return { name: found[1], version: found[2] };
}

/** Since version 2, Yarn's lock file says in its beginning which form it has. */
function yarnKind(dir, lockFile, range) {
  if (/^[\^~]?[2-9]/.test(range)) return 'berry';
  if (/^[\^~]?1/.test(range)) return 'classic';
  if (lockFile === 'yarn.lock' && readFileSync(join(dir, lockFile), 'utf8').includes('\n__metadata:')) return 'berry';
  return lockFile === '' && existsSync(join(dir, '.yarnrc.yml')) ? 'berry' : 'classic';
}
