// Times whole deploys, push to live, against a floor that does the bare minimum by hand, in turn in one run:
//   npm run bench [-- --rounds 5] [-- --app python-stdlib]
// Prints Markdown tables; bench/results.md keeps the last ones that were looked at. Ratios travel between machines, seconds do not.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchPip, pushToFloor } from './floor.js';
import { pushToHokku, startPlatform } from './hokku.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, app: { type: 'string' } } });
const rounds = Number(values.rounds);
const apps = [
  { name: 'Django', fixture: 'python-django', needsIndex: true },
  { name: 'no dependencies', fixture: 'python-stdlib', needsIndex: false },
].filter(({ fixture }) => values.app === undefined || fixture === values.app);
const stages = ['receive', 'compile', 'pack', 'launch', 'finish'];

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const load = () => loadavg()[0].toFixed(1);

/** Each round with an app of its own, and who goes first alternates: what the machine does meanwhile shall hit both alike. */
async function measure(app, work, platform, pip) {
  const results = { floor: [], hokku: [], served: [] };
  for (let n = 0; n < rounds; n += 1) {
    const toFloor = async () => results.floor.push(await pushToFloor(work, app.fixture, n, pip));
    const toHokku = async () => {
      const { pushes, served } = await pushToHokku(work, app.fixture, n, platform);
      results.hokku.push(pushes);
      results.served.push(served);
    };
    for (const turn of n % 2 === 0 ? [toFloor, toHokku] : [toHokku, toFloor]) await turn();
  }
  return results;
}

function* rowsOf(app, results) {
  for (const [index, kind] of ['first', 'redeploy'].entries()) {
    const of = (who) => results[who].map((round) => round[index]);
    const ms = (who) => Math.round(median(of(who).map((push) => push.ms)));
    const ratios = of('hokku').map((push, n) => push.ms / of('floor')[n].ms);
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    yield `| ${app.name} | ${kind} | ${ms('floor')} | ${ms('hokku')} | ${median(ratios).toFixed(2)} | ${range} |`;
  }
}

function* stageRowsOf(app, results) {
  for (const [index, kind] of ['first', 'redeploy'].entries()) {
    for (const who of ['floor', 'hokku']) {
      const cells = stages.map((stage) => Math.round(median(results[who].map((round) => round[index].stages[stage]))));
      yield `| ${app.name} | ${kind} | ${who === 'floor' ? 'floor' : 'Hokku'} | ${cells.join(' | ')} |`;
    }
  }
}

const tables = {
  pushes: ['| app | push | floor, ms | Hokku, ms | ratio | of the rounds |', '|---|---|---|---|---|---|'],
  stages: [
    '| app | push | who | receive and export | detect and compile | pack | boot and switch | finish |',
    '|---|---|---|---|---|---|---|---|',
  ],
  served: ['| app | requests during a switch | failed |', '|---|---|---|'],
};
const work = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'hokku-bench-'));
const loadBefore = load();
const platform = await startPlatform(work);
try {
  const pip = fetchPip(work);
  // Programs and libraries come into memory, and Node.js compiles what is used often.
  await pushToFloor(work, 'python-stdlib', 'warm', pip);
  await pushToHokku(work, 'python-stdlib', 'warm', platform);
  for (const app of apps) {
    if (app.needsIndex && pip === null) {
      console.log(`Skipped ${app.name}: no Python package index can be reached.`);
      continue;
    }
    const results = await measure(app, work, platform, pip);
    tables.pushes.push(...rowsOf(app, results));
    tables.stages.push(...stageRowsOf(app, results));
    const total = (what) => sum(results.served.map((count) => count[what]));
    tables.served.push(`| ${app.name} | ${total('requests')} | ${total('failed')} |`);
  }
  const machine = `${rounds} rounds, ${cpus().length} cores, Node.js ${process.versions.node}, load average ${loadBefore} before and ${load()} after`;
  const text = Object.values(tables).map((table) => `${table.join('\n')}\n`);
  writeFileSync(process.stdout.fd, `${machine}\n\n${text.join('\n')}`);
} finally {
  await platform.stop();
  rmSync(work, { recursive: true, force: true });
}
