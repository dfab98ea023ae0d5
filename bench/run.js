// Times whole deploys, push to live, against a floor that does the bare minimum by hand, in turn in one run:
//   npm run bench [-- --rounds 5]
// Prints a Markdown table; bench/results.md keeps the last one that was looked at. Ratios travel between machines, seconds do not.
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
const work = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'hokku-bench-'));
const git = {
  GIT_AUTHOR_NAME: 'b',
  GIT_AUTHOR_EMAIL: 'b@b',
  GIT_COMMITTER_NAME: 'b',
  GIT_COMMITTER_EMAIL: 'b@b',
  GIT_TERMINAL_PROMPT: '0',
};
const apps = [
  { name: 'Django', fixture: 'python-django', changed: 'bench_change.py' },
  { name: 'no dependencies', fixture: 'python-stdlib', changed: 'bench_change.py' },
];
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function run(command, args, options = {}, onText = () => undefined) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        onText(String(chunk));
      });
    }
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command} ${args.join(' ')}: ${code}\n${output}`)),
    );
  });
}

async function workingCopy(dir, fixture, remote) {
  cpSync(join(root, 'fixtures', 'apps', fixture), dir, { recursive: true });
  rmSync(join(dir, 'expect.json'), { force: true });
  const options = { cwd: dir, env: { ...process.env, ...git } };
  await run('git', ['init', '-q', '-b', 'main'], options);
  await run('git', ['remote', 'add', 'heroku', remote], options);
}

async function commit(dir, file, n) {
  appendFileSync(join(dir, file), `# ${n}\n`);
  const options = { cwd: dir, env: { ...process.env, ...git } };
  await run('git', ['add', '-A'], options);
  await run('git', ['commit', '-q', '-m', String(n)], options);
}

async function timedPush(dir) {
  const started = Date.now();
  const lines = [];
  await run('git', ['push', 'heroku', 'main'], { cwd: dir, env: { ...process.env, ...git } }, (text) => {
    for (const line of text.split(/[\n\r]/)) lines.push({ line, ms: Date.now() - started });
  });
  return { started, ms: Date.now() - started, lines };
}

/** Milliseconds of each stage as the pusher sees them: from one line of the output to the next that ends a stage. */
function stagesOf({ lines, ms }) {
  const ends = {
    receive: /Compressing source files/,
    export: /Building source/,
    compile: /Discovering process types/,
    pack: /Done: /,
    launch: /Released v/,
  };
  let before = 0;
  const spent = {};
  for (const [stage, pattern] of Object.entries(ends)) {
    const at = lines.find(({ line }) => pattern.test(line))?.ms ?? before;
    spent[stage] = at - before;
    before = at;
  }
  return { ...spent, finish: ms - before };
}

// --- The floor: a bare repository with bench/floor-hook.sh as its post-receive hook ---

function fetchPip() {
  const folder = join(work, 'pip');
  mkdirSync(folder);
  const client = join(root, 'buildpacks', 'python', 'lib', 'simple_index.py');
  const version = spawnSync('/usr/bin/python3', ['-c', 'import platform; print(platform.python_version())'])
    .stdout.toString()
    .trim();
  const found = spawnSync('/usr/bin/python3', [client, 'pip', '0', version, folder]);
  return found.status === 0 ? found.stdout.toString().trim() : null;
}

async function floor(app, n, pip) {
  const dir = join(work, `floor-${app.fixture}-${n}`);
  const bare = join(dir, 'repo.git');
  mkdirSync(join(dir, 'releases'), { recursive: true });
  await run('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  cpSync(join(root, 'bench', 'floor-hook.sh'), join(bare, 'hooks', 'post-receive'));
  const copy = join(dir, 'copy');
  await workingCopy(copy, app.fixture, bare);
  process.env.FLOOR = dir;
  process.env.FLOOR_PIP = pip ?? '';
  const stages = join(dir, 'stages');
  const pushes = [];
  for (const [index, kind] of ['first', 'redeploy'].entries()) {
    await commit(copy, app.changed, index);
    rmSync(stages, { force: true });
    const push = await timedPush(copy);
    const marks = Object.fromEntries(
      readFileSync(stages, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' ')),
    );
    let before = push.started;
    const spent = {};
    for (const name of ['receive', 'export', 'compile', 'pack', 'launch']) {
      spent[name] = Number(marks[name]) - before;
      before = Number(marks[name]);
    }
    pushes.push({ kind, ms: push.ms, stages: { ...spent, finish: push.started + push.ms - before } });
  }
  spawnSync('bash', ['-c', `kill -TERM -- -$(cat ${join(dir, 'pid')})`]);
  return pushes;
}

// --- Hokku ---

async function startPlatform() {
  const data = join(work, 'data');
  const env = {
    ...process.env,
    HOKKU_DATA_DIR: data,
    HOKKU_PORT: '0',
    HOKKU_API_KEY: 'bench-token-123',
    HOKKU_LOG_LEVEL: 'error',
  };
  const child = spawn(process.execPath, [join(root, 'dist', 'main.js'), 'server'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const platform = { child, port: 0 };
  platform.port = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      const port = /listening on http:\/\/\S+:(\d+) /.exec(String(chunk))?.[1];
      if (port) resolve(Number(port));
    });
    child.once('exit', (code) => reject(new Error(`the platform exited with ${code}`)));
  });
  return platform;
}

async function hokku(app, n, platform) {
  const name = `${app.fixture}-${n}`.replaceAll('_', '-').slice(0, 30);
  const created = await fetch(`http://127.0.0.1:${platform.port}/apps`, {
    method: 'POST',
    headers: { authorization: 'Bearer bench-token-123', 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  if (!created.ok) throw new Error(await created.text());
  const copy = join(work, `hokku-${name}`);
  await workingCopy(copy, app.fixture, `http://any:bench-token-123@127.0.0.1:${platform.port}/${name}.git`);
  const pushes = [];
  for (const [index, kind] of ['first', 'redeploy'].entries()) {
    await commit(copy, app.changed, index);
    const load = kind === 'redeploy' ? constantLoad(platform.port, `${name}.localhost`) : null;
    const push = await timedPush(copy);
    const served = load === null ? null : await load.stop();
    pushes.push({ kind, ms: push.ms, stages: stagesOf(push), served });
  }
  return pushes;
}

/** Requests one after the other, each on a connection of its own, while a push runs. */
function constantLoad(port, host) {
  let running = true;
  const count = { requests: 0, failed: 0 };
  const one = () =>
    new Promise((resolve) => {
      const outgoing = request({ host: '127.0.0.1', port, headers: { host }, agent: false }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode === 200));
        response.once('error', () => resolve(false));
      });
      outgoing.once('error', () => resolve(false));
      outgoing.end();
    });
  const loop = (async () => {
    while (running) {
      count.requests += 1;
      if (!(await one())) count.failed += 1;
      await sleep(5);
    }
  })();
  return {
    stop: async () => {
      running = false;
      await loop;
      return count;
    },
  };
}

// --- The table ---

const pip = fetchPip();
const platform = await startPlatform();
try {
  const lines = [
    '| app | push | floor, ms | Hokku, ms | ratio | requests during the switch, failed |',
    '|---|---|---|---|---|---|',
  ];
  const stageLines = [
    '| app | push | who | receive | export | detect and compile | pack | boot and switch | finish |',
    '|---|---|---|---|---|---|---|---|---|',
  ];
  for (const app of apps) {
    if (app.fixture === 'python-django' && pip === null) {
      console.log('Skipped Django: no Python package index can be reached.');
      continue;
    }
    const results = { floor: [], hokku: [] };
    for (let n = 0; n < rounds; n += 1) {
      results.floor.push(await floor(app, n, pip));
      results.hokku.push(await hokku(app, n, platform));
    }
    for (const [index, kind] of ['first', 'redeploy'].entries()) {
      const of = (who) => results[who].map((round) => round[index]);
      const ratios = of('hokku').map((push, n) => push.ms / of('floor')[n].ms);
      const served = of('hokku')
        .map((push) => push.served)
        .filter((count) => count !== null);
      const requests =
        served.length === 0
          ? ''
          : `${served.reduce((sum, count) => sum + count.requests, 0)}, ${served.reduce((sum, count) => sum + count.failed, 0)}`;
      lines.push(
        `| ${app.name} | ${kind} | ${median(of('floor').map((p) => p.ms))} | ${median(of('hokku').map((p) => p.ms))} | ${median(ratios).toFixed(2)} | ${requests} |`,
      );
      for (const who of ['floor', 'hokku']) {
        const cell = (stage) => median(of(who).map((push) => push.stages[stage] ?? 0));
        stageLines.push(
          `| ${app.name} | ${kind} | ${who} | ${['receive', 'export', 'compile', 'pack', 'launch', 'finish'].map(cell).join(' | ')} |`,
        );
      }
    }
  }
  writeFileSync(process.stdout.fd, `${lines.join('\n')}\n\n${stageLines.join('\n')}\n`);
} finally {
  platform.child.kill('SIGINT');
  await new Promise((resolve) => platform.child.once('exit', resolve));
  rmSync(work, { recursive: true, force: true });
}
