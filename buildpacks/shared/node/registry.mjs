// The npm registry that the machine uses, and what a package has there. Run by lib/../node/registry.sh; curl does the fetching.
//
//   registry.mjs settings LOGIN_FILE           prints the registry's URL, writes its login for `curl --config` to LOGIN_FILE
//   registry.mjs pick DOCUMENT RANGE REGISTRY  prints `version<TAB>url<TAB>integrity` of the newest that fits, else nothing
//   registry.mjs list DOCUMENT REGISTRY        prints the same for all versions
import { readFileSync, writeFileSync } from 'node:fs';
import { compareVersions, parseRange, parseVersion, satisfies } from './semver.mjs';

const publicRegistry = 'https://registry.npmjs.org/';
const [command, ...args] = process.argv.slice(2);
if (command === 'settings') printSettings(args[0]);
else if (command === 'pick') print(pick(versionsOf(args[0], args[2]), args[1]));
else for (const found of versionsOf(args[0], args[1])) print(found);

function print(found) {
  if (found !== null) process.stdout.write(`${found.version}\t${found.url}\t${found.integrity}\n`);
}

function printSettings(loginFile) {
  const settings = readSettings();
  const named = settings.get('registry') ?? publicRegistry;
  const registry = /^https?:\/\//.test(named) ? `${named.replace(/\/+$/, '')}/` : publicRegistry;
  const place = registry.replace(/^https?:/, '');
  const lines = [];
  const token = nearest(settings, place, '_authToken');
  const basic = nearest(settings, place, '_auth');
  const [user, password] = [nearest(settings, place, 'username'), nearest(settings, place, '_password')];
  if (token !== null) lines.push(`header = "Authorization: Bearer ${quoted(token)}"`);
  else if (basic !== null) lines.push(`header = "Authorization: Basic ${quoted(basic)}"`);
  else if (user !== null && password !== null) {
    lines.push(`user = "${quoted(`${user}:${Buffer.from(password, 'base64').toString()}`)}"`);
  }
  writeFileSync(loginFile, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  process.stdout.write(`${registry}\n`);
}

/** npm looks for a login at the registry's own address, then at that of each folder above it. */
function nearest(settings, place, name) {
  for (let folder = place; folder.length > 3; folder = folder.replace(/[^/]+\/$/, '')) {
    const value = settings.get(`${folder}:${name}`) ?? settings.get(`${folder.replace(/\/$/, '')}:${name}`);
    if (value !== undefined) return value;
    if (!/[^/]\/$/.test(folder)) return null;
  }
  return null;
}

function quoted(text) {
  return text.replaceAll(/["\\]/g, '\\$&').replaceAll(/[\r\n]/g, '');
}

/** Of the environment, the machine's file for users, and the one for all. */
function readSettings() {
  const settings = new Map();
  const env = new Map(Object.entries(process.env).map(([name, value]) => [name.toLowerCase(), value ?? '']));
  const files = [
    env.get('npm_config_globalconfig'),
    '/etc/npmrc',
    env.get('npm_config_userconfig'),
    `${env.get('home') ?? ''}/.npmrc`,
  ];
  for (const file of files) {
    let text = '';
    try {
      text = file === undefined ? '' : readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    for (const line of text.split('\n')) {
      const found = /^\s*([^#;=\s][^=]*?)\s*=\s*"?(.*?)"?\s*$/.exec(line);
      if (found !== null)
        settings.set(
          found[1],
          found[2].replaceAll(/\$\{(\w+)\}/g, (whole, name) => process.env[name] ?? whole),
        );
    }
  }
  const named = env.get('npm_config_registry');
  if (named !== undefined && named !== '') settings.set('registry', named);
  return settings;
}

function versionsOf(file, registry) {
  const { name, versions = {} } = JSON.parse(readFileSync(file, 'utf8'));
  const found = [];
  for (const [version, { dist }] of Object.entries(versions)) {
    const parsed = parseVersion(version);
    if (parsed === null || !/^sha512-[A-Za-z0-9+/=]+$/.test(dist?.integrity ?? '')) continue;
    // A mirror's documents still name the public registry; npm goes to the mirror then, and so do we.
    const tarball = String(dist.tarball ?? '');
    const isPublic = tarball.startsWith(publicRegistry) || !/^https?:\/\/[^\s"\\]+$/.test(tarball);
    const url = isPublic ? `${registry}${name}/-/${name.replace(/^@[^/]*\//, '')}-${version}.tgz` : tarball;
    found.push({ version, parsed, url, integrity: dist.integrity.split(/\s/)[0] });
  }
  return found.sort((a, b) => compareVersions(b.parsed, a.parsed));
}

function pick(versions, range) {
  const parsed = parseRange(range);
  return parsed === null ? null : (versions.find((found) => satisfies(found.parsed, parsed)) ?? null);
}
