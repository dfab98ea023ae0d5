import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const root = dirname(import.meta.dirname);

const git = {
  GIT_AUTHOR_NAME: 'b',
  GIT_AUTHOR_EMAIL: 'b@b',
  GIT_COMMITTER_NAME: 'b',
  GIT_COMMITTER_EMAIL: 'b@b',
  GIT_TERMINAL_PROMPT: '0',
};

export function run(command, args, options = {}, onText = () => undefined) {
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

export async function workingCopy(dir, fixture, remote) {
  cpSync(join(root, 'fixtures', 'apps', fixture), dir, { recursive: true });
  rmSync(join(dir, 'expect.json'), { force: true });
  const options = { cwd: dir, env: { ...process.env, ...git } };
  await run('git', ['init', '-q', '-b', 'main'], options);
  await run('git', ['remote', 'add', 'heroku', remote], options);
}

/** Commits one more line of `bench_change.py`. */
export async function commit(dir, n) {
  appendFileSync(join(dir, 'bench_change.py'), `# ${n}\n`);
  const options = { cwd: dir, env: { ...process.env, ...git } };
  await run('git', ['add', '-A'], options);
  await run('git', ['commit', '-q', '-m', String(n)], options);
}

/** `started` is in milliseconds since 1970, `ms` the time from there to the end of `git push`; `lines` are its output with their times. */
export async function timedPush(dir, env = {}) {
  const started = Date.now();
  const lines = [];
  await run('git', ['push', 'heroku', 'main'], { cwd: dir, env: { ...process.env, ...git, ...env } }, (text) => {
    for (const line of text.split(/[\n\r]/)) lines.push({ line, ms: Date.now() - started });
  });
  return { started, ms: Date.now() - started, lines };
}
