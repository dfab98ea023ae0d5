import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { commit, root, timedPush, workingCopy } from './timed-push.js';

export const token = 'bench-token-123';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function startPlatform(work, data = join(work, 'data')) {
  const env = {
    ...process.env,
    HOKKU_DATA_DIR: data,
    HOKKU_PORT: '0',
    HOKKU_API_KEY: token,
    HOKKU_LOG_LEVEL: 'error',
  };
  const child = spawn(process.execPath, [join(root, 'dist', 'main.js'), 'server'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      const found = /listening on http:\/\/\S+:(\d+) /.exec(String(chunk))?.[1];
      if (found) resolve(Number(found));
    });
    child.once('exit', (code) => reject(new Error(`the platform exited with ${code}`)));
  });
  return { data, port, stop: () => stopped(child) };
}

async function stopped(child) {
  child.kill('SIGINT');
  await new Promise((resolve) => child.once('exit', resolve));
}

/** The pushes of one app that nobody has seen before; then one more while requests come in, which is not timed. */
export async function pushToHokku(work, fixture, n, platform) {
  const name = `${fixture}-${n}`.replaceAll('_', '-').slice(0, 30);
  await call(platform, 'POST', '/apps', { name });
  const copy = join(work, `hokku-${name}`);
  await workingCopy(copy, fixture, `http://any:${token}@127.0.0.1:${platform.port}/${name}.git`);
  const pushes = [];
  for (const index of [0, 1]) {
    await commit(copy, index);
    await atRest(platform);
    const push = await timedPush(copy);
    pushes.push({ ms: push.ms, stages: stagesOf(push) });
  }
  await commit(copy, 2);
  const load = constantLoad(platform.port, `${name}.localhost`);
  await timedPush(copy);
  const served = await load.stop();
  await call(platform, 'DELETE', `/apps/${name}`);
  return { pushes, served };
}

export async function call(platform, method, path, body) {
  const response = await fetch(`http://127.0.0.1:${platform.port}${path}`, {
    method,
    headers: {
      accept: 'application/vnd.heroku+json; version=3',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
}

/**
 * Resolves when the copies of caches that the platform makes behind a push are made. The floor does nothing behind a push,
 * and nobody pushes again within a blink.
 */
async function atRest(platform) {
  const caches = join(platform.data, 'cache');
  const isCopied = (app) => {
    const names = readdirSync(join(caches, app));
    return names.every((name) => /^\d+(\.spare)?$/.test(name)) && names.some((name) => name.endsWith('.spare'));
  };
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(50)) {
    if (!existsSync(caches) || readdirSync(caches).every(isCopied)) return;
  }
}

/**
 * Milliseconds of each stage as the pusher sees them: from one line of the output to the next that ends a stage. Git shows
 * whole lines, so what is received and what is exported are told by one line together.
 */
function stagesOf({ lines, ms }) {
  const ends = {
    receive: /Building source/,
    compile: /Discovering process types/,
    pack: /Done: /,
    launch: /Released v/,
  };
  let before = 0;
  const spent = {};
  for (const [stage, pattern] of Object.entries(ends)) {
    const found = lines.find(({ line }) => pattern.test(line));
    if (found === undefined) throw new Error(`The push never came to the end of its stage '${stage}'.`);
    spent[stage] = found.ms - before;
    before = found.ms;
  }
  return { ...spent, finish: ms - before };
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
