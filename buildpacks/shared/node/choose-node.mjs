// Chooses a version of Node.js.
//
//   choose-node.mjs REQUEST DEFAULT_SERIES SOURCES UPSTREAM_JSON REGISTRY_TSV MACHINE_TSV
//
// REQUEST is a range, or nothing; SOURCES are names, best first; files may be missing. Prints
// `ok<TAB>version<TAB>source<TAB>url<TAB>checksum<TAB>capped|-`, `invalid`, or `none` and the newest of each series that there are.
import { existsSync, readFileSync } from 'node:fs';
import { compareVersions, isBounded, parseRange, parseVersion, satisfies } from './semver.mjs';

const [request = '', defaultSeries = '', sources = '', upstreamFile = '', registryFile = '', machineFile = ''] =
  process.argv.slice(2);
const order = sources.split(' ');
const machine = { x64: 'linux-x64', arm64: 'linux-arm64' }[process.arch] ?? `linux-${process.arch}`;
const candidates = [...upstream(), ...rows(registryFile, 'registry'), ...rows(machineFile, 'machine')]
  .map((found) => ({ ...found, parsed: parseVersion(found.version) }))
  .filter(({ parsed }) => parsed !== null)
  .sort((a, b) => compareVersions(b.parsed, a.parsed) || order.indexOf(a.source) - order.indexOf(b.source));
const range = parseRange(request === '' ? `${defaultSeries}.x` : request);
process.stdout.write(range === null ? 'invalid\n' : choose());

function choose() {
  const fitting = candidates.filter(({ parsed }) => satisfies(parsed, range));
  const limit = Number(defaultSeries);
  const supported = fitting.filter(({ parsed }) => parsed.numbers[0] <= limit);
  const isCapped = request !== '' && !isBounded(range) && supported.length > 0 && supported[0] !== fitting[0];
  // Whoever asks for no version gets what there is, newest supported first, rather than nothing.
  const chosen = (isCapped ? supported : fitting)[0] ?? (request === '' ? fallback(limit) : undefined);
  if (chosen !== undefined) {
    return `ok\t${chosen.version}\t${chosen.source}\t${chosen.url}\t${chosen.checksum || '-'}\t${isCapped ? 'capped' : '-'}\n`;
  }
  const series = new Map();
  for (const { version, parsed } of candidates)
    if (!series.has(parsed.numbers[0])) series.set(parsed.numbers[0], version);
  return ['none', ...[...series.values()].slice(0, 12)].join('\n') + '\n';
}

/** An even series is one for long use. */
function fallback(limit) {
  const even = candidates.filter(({ parsed }) => parsed.numbers[0] % 2 === 0);
  return even.find(({ parsed }) => parsed.numbers[0] <= limit) ?? even[0] ?? candidates[0];
}

function upstream() {
  const releases = existsSync(upstreamFile) ? JSON.parse(readFileSync(upstreamFile, 'utf8')) : [];
  return releases
    .filter(({ files }) => Array.isArray(files) && files.includes(machine))
    .map(({ version }) => ({ version: String(version).replace(/^v/, ''), source: 'upstream', url: '-', checksum: '' }));
}

function rows(file, source) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines
    .map((line) => line.split('\t'))
    .map(([version, url, checksum = '']) => ({ version, source, url, checksum }));
}
