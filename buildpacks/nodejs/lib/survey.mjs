// Reads what an app says about itself: its version of Node.js, its package manager, its scripts. Nothing is executed.
//
//   survey.mjs BUILD_DIR
//
// Prints lines of `what<TAB>values`: `problem`, `node`, `manager`, `script`, `has`, `directory`, `hash`, `warning`.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chooseManager } from './choose-manager.mjs';
import { findNodeVersion } from './find-node-version.mjs';
import { Problem, isObject, oneLine } from './problem.mjs';

const maxBytes = 10 * 1024 * 1024;
const lifecycle = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];
const dir = process.argv[2] ?? '.';

try {
  survey();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  print('problem', error.reason, ...error.details);
}

function survey() {
  const manifest = readManifest();
  const scripts = isObject(manifest.scripts) ? manifest.scripts : {};
  print('node', ...findNodeVersion(dir, manifest));
  const manager = chooseManager(dir, manifest);
  print('manager', manager.name, manager.lockFile, manager.range, manager.origin);
  for (const warning of manager.warnings) print('warning', warning);
  for (const [name, text] of Object.entries(scripts)) {
    if (typeof text === 'string' && /^[\w:.-]{1,100}$/.test(name)) print('script', name, text.slice(0, 300));
  }
  for (const name of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    if (isObject(manifest[name]) && Object.keys(manifest[name]).length > 0) print('has', name);
  }
  const isWorkspace = manifest.workspaces !== undefined || existsSync(join(dir, 'pnpm-workspace.yaml'));
  if (isWorkspace) print('has', 'workspaces');
  for (const directory of cacheDirectories(manifest)) print('directory', directory);
  print('hash', hashOfInputs(manifest, scripts, manager, isWorkspace));
}

function print(...values) {
  process.stdout.write(`${values.map(oneLine).join('\t')}\n`);
}

function readManifest() {
  const file = join(dir, 'package.json');
  if (!existsSync(file) || !statSync(file).isFile()) throw new Problem('manifest-missing');
  if (statSync(file).size > maxBytes) throw new Problem('manifest-too-large', String(maxBytes));
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  let manifest;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(error.message)?.[1];
    const line = position === undefined ? '' : ` (line ${text.slice(0, Number(position)).split('\n').length})`;
    throw new Problem('manifest-invalid', `${error.message.split('\n')[0]}${line}`);
  }
  if (!isObject(manifest)) throw new Problem('manifest-invalid', 'it is not an object in braces');
  return manifest;
}

function cacheDirectories(manifest) {
  const named = manifest.cacheDirectories ?? manifest.cache_directories ?? [];
  if (!Array.isArray(named)) throw new Problem('cache-directories-invalid', 'it is not a list');
  return named.map((name) => {
    const parts = String(name).replace(/^\.\//, '').replace(/\/+$/, '').split('/');
    const isFine =
      parts.every((part) => part !== '' && part !== '..' && part !== '.') && /^[^\t\n\0]{1,200}$/.test(String(name));
    if (typeof name !== 'string' || !isFine || parts[0] === '.heroku' || parts[0] === '.profile.d') {
      throw new Problem('cache-directories-invalid', `it names ${JSON.stringify(name)}`);
    }
    return parts.join('/');
  });
}

/** Of all that decides what an installer installs. What it doesn't read, such as the app's version, is left out. */
function hashOfInputs(manifest, scripts, manager, isWorkspace) {
  const hash = createHash('sha256');
  const add = (name, bytes) => hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  const kept = Object.fromEntries(
    Object.entries(manifest).filter(
      ([name]) =>
        !/^(name|version|description|keywords|author|license|repository|bugs|homepage|main|type|private|files|scripts|cacheDirectories|cache_directories|jest|eslintConfig|browserslist)$/.test(
          name,
        ),
    ),
  );
  kept.scripts = lifecycle.map((name) => scripts[name] ?? null);
  add('package.json', Buffer.from(JSON.stringify(kept)));
  const others = [
    manager.lockFile,
    '.npmrc',
    '.yarnrc',
    '.yarnrc.yml',
    'pnpm-workspace.yaml',
    '.pnpmfile.cjs',
    'bunfig.toml',
  ];
  const folders = ['patches', '.yarn/patches', '.yarn/plugins'].flatMap((folder) => filesBelow(folder, 2, () => true));
  const manifests = isWorkspace ? filesBelow('', 5, (name) => name === 'package.json') : [];
  for (const file of [...others, ...folders, ...manifests]) {
    const path = join(dir, file);
    if (file !== '' && existsSync(path) && statSync(path).isFile()) add(file, readFileSync(path));
  }
  return hash.digest('hex');
}

function filesBelow(folder, depth, isWanted) {
  const path = join(dir, folder);
  if (depth === 0 || !existsSync(path) || !lstatSync(path).isDirectory()) return [];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory())
        return ['node_modules', '.git'].includes(entry.name) ? [] : filesBelow(name, depth - 1, isWanted);
      return entry.isFile() && isWanted(entry.name) ? [name] : [];
    });
}
