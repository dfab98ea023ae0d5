// Times a backup and a restore of a running platform: node bench/backup.js [--apps 10] [--mb 20]
// Prints a Markdown table; bench/results.md keeps the last one that was looked at.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { call, startPlatform, token } from './hokku.js';
import { commit, root, timedPush, workingCopy } from './timed-push.js';

const { values } = parseArgs({
  options: { apps: { type: 'string', default: '10' }, mb: { type: 'string', default: '20' } },
});
const apps = Number(values.apps);
const main = join(root, 'dist', 'main.js');

/** Runs `hokku` and returns how long it took, its report, and the most memory that it had. */
async function hokku(args, env) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  let peakMb = 0;
  child.stdout.on('data', (chunk) => (out += chunk));
  const timer = setInterval(() => {
    if (!existsSync(`/proc/${child.pid}/status`)) return;
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0;
    peakMb = Math.max(peakMb, Math.round(Number(peak) / 1000));
  }, 20);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  return { ms: Math.round(performance.now() - startedAt), report: JSON.parse(out), peakMb };
}

function statusOf(port, host) {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, headers: { host }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    outgoing.once('error', () => resolve(0));
    outgoing.end();
  });
}

async function untilAllAnswer({ port }, names) {
  const startedAt = performance.now();
  for (const name of names) {
    while ((await statusOf(port, `${name}.localhost`)) !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Math.round(performance.now() - startedAt);
}

const work = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'hokku-bench-'));
try {
  const names = [];
  const platform = await startPlatform(work);
  for (let n = 0; n < apps; n += 1) {
    const name = `app-${n}`;
    await call(platform, 'POST', '/apps', { name });
    const copy = join(work, name);
    await workingCopy(copy, 'python-stdlib', `http://any:${token}@127.0.0.1:${platform.port}/${name}.git`);
    writeFileSync(join(copy, 'big'), randomBytes(Number(values.mb) * 1e6));
    await commit(copy, 0);
    await timedPush(copy);
    names.push(name);
  }
  const file = join(work, 'backup.tar');
  const backup = await hokku(['backup', '--with-key', '--json', file], { HOKKU_DATA_DIR: platform.data });
  await platform.stop();
  const data = join(work, 'restored');
  const restore = await hokku(['restore', '--json', file, '--data', data], {});
  const startedAt = performance.now();
  const second = await startPlatform(work, data);
  const startMs = Math.round(performance.now() - startedAt);
  const answerMs = await untilAllAnswer(second, names);
  await second.stop();
  const load = loadavg()[0].toFixed(1);
  writeFileSync(
    process.stdout.fd,
    `| apps | size, MB | held, ms | backup, ms | peak, MB | restore, ms | peak, MB | start, ms | all answer, ms later | load |\n|---|---|---|---|---|---|---|---|---|---|\n` +
      `| ${apps} | ${(statSync(file).size / 1e6).toFixed(0)} | ${backup.report.stagedMs} | ${backup.ms} | ${backup.peakMb} | ${restore.ms} | ${restore.peakMb} | ${startMs} | ${answerMs} | ${load} |\n`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
