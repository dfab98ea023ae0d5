import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commit, root, run, timedPush, workingCopy } from './timed-push.js';

/** The folder of the pip wheel that the floor runs; null when there is no package index. */
export function fetchPip(work) {
  const folder = join(work, 'pip');
  mkdirSync(folder);
  const client = join(root, 'buildpacks', 'python', 'lib', 'simple_index.py');
  const version = spawnSync('/usr/bin/python3', ['-c', 'import platform; print(platform.python_version())'])
    .stdout.toString()
    .trim();
  const found = spawnSync('/usr/bin/python3', [client, 'pip', '0', version, folder]);
  return found.status === 0 ? found.stdout.toString().trim() : null;
}

/** A bare repository with bench/floor-hook.sh as its post-receive hook: the pushes of one app that nobody has seen before. */
export async function pushToFloor(work, fixture, n, pip) {
  const dir = join(work, `floor-${fixture}-${n}`);
  const bare = join(dir, 'repo.git');
  mkdirSync(join(dir, 'releases'), { recursive: true });
  await run('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  cpSync(join(root, 'bench', 'floor-hook.sh'), join(bare, 'hooks', 'post-receive'));
  const copy = join(dir, 'copy');
  await workingCopy(copy, fixture, bare);
  const pushes = [];
  try {
    for (const index of [0, 1]) {
      await commit(copy, index);
      rmSync(join(dir, 'stages'), { force: true });
      const push = await timedPush(copy, { FLOOR: dir, FLOOR_PIP: pip ?? '' });
      pushes.push({ ms: push.ms, stages: stagesOf(push, readFileSync(join(dir, 'stages'), 'utf8')) });
    }
  } finally {
    spawnSync('bash', ['-c', `kill -TERM -- -$(cat ${join(dir, 'pid')})`]);
  }
  return pushes;
}

/** The hook notes when each stage ends. */
function stagesOf({ started, ms }, text) {
  const marks = Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ')),
  );
  let before = started;
  const spent = {};
  for (const [stage, mark] of [
    ['receive', 'export'],
    ['compile', 'compile'],
    ['pack', 'pack'],
    ['launch', 'launch'],
  ]) {
    spent[stage] = Number(marks[mark]) - before;
    before = Number(marks[mark]);
  }
  return { ...spent, finish: started + ms - before };
}
