// Times the quick client against the official CLI and against an empty Node.js process, in turn in one run:
//   npm run -s build && node bench/client.js [--rounds 10]
// Needs the official CLI where the tests install it. Prints a Markdown table; bench/results.md keeps the last one that was looked at.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const root = dirname(import.meta.dirname);
const main = join(root, 'dist', 'main.js');
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } });
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hokku-test', 'heroku-11.10.0');
const heroku = join(cache, 'node_modules', '.bin', 'heroku');
const home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'hokku-bench-client-'));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Milliseconds of one whole process, from its start to its end. */
function timed(command, args, env) {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, { env, cwd: join(home, 'work'), encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${status}\n${stderr}`);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

const base = { PATH: process.env['PATH'], HOME: home, NO_COLOR: '1' };
const server = spawn(process.execPath, [main, 'server'], {
  env: {
    ...base,
    HOKKU_DATA_DIR: join(home, 'data'),
    HOKKU_PORT: '0',
    HOKKU_STOP_GRACE: '1',
    HOKKU_LOG_LEVEL: 'error',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  await new Promise((resolve, reject) => {
    let output = '';
    server.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('listening on')) resolve();
    });
    server.once('exit', (code) => reject(new Error(`the server exited with ${code}`)));
  });
  mkdirSync(join(home, 'work'));
  mkdirSync(join(home, '.cache', 'heroku'), { recursive: true });
  writeFileSync(join(home, '.cache', 'heroku', 'terms-of-service'), '');
  // As after its first day: else each command starts a second process, which asks the registry for the newest version.
  writeFileSync(join(home, '.cache', 'heroku', 'version'), '{}');
  spawnSync('git', ['init', '--quiet'], { cwd: join(home, 'work'), env: base });
  const local = { ...base, HOKKU_DATA_DIR: join(home, 'data') };
  const exports = JSON.parse(
    spawnSync(process.execPath, [main, 'env', '--json'], { env: local, encoding: 'utf8' }).stdout,
  );
  const env = { ...base, ...exports };
  // The app is found by the git remote, as in a working copy of somebody.
  timed(process.execPath, [main, 'create', 'bench'], env);

  const commands = [['ps'], ['config'], ['releases'], ['apps'], ['logs', '-n', '10']];
  const rows = [];
  for (const args of commands) {
    const times = { empty: [], hokku: [], heroku: [] };
    for (let round = 0; round < Number(values.rounds); round += 1) {
      times.empty.push(timed(process.execPath, ['-e', '0'], base));
      times.hokku.push(timed(process.execPath, [main, ...args], env));
      if (existsSync(heroku)) times.heroku.push(timed(heroku, args, env));
    }
    const of = (numbers) => (numbers.length === 0 ? '' : String(Math.round(median(numbers))));
    const ratio = (one, other) => {
      const ratios = one.map((ms, n) => ms / other[n]).filter(Number.isFinite);
      return ratios.length === 0 ? '' : median(ratios).toFixed(1);
    };
    rows.push(
      `| ${args.join(' ')} | ${of(times.empty)} | ${of(times.hokku)} | ${of(times.heroku)} | ${ratio(times.hokku, times.empty)} | ${ratio(times.heroku, times.hokku)} |`,
    );
  }
  process.stdout.write(
    '| command | `node -e 0`, ms | `hokku`, ms | `heroku`, ms | `hokku` / `node` | `heroku` / `hokku` |\n' +
      `| --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`,
  );
} finally {
  server.removeAllListeners('exit');
  const ended = new Promise((resolve) => server.once('exit', resolve));
  if (server.exitCode === null) {
    server.kill('SIGINT');
    await ended;
  }
  rmSync(home, { recursive: true, force: true });
}
