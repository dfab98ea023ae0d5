import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const installTimeoutMs = 170_000;
/** Test files run side by side, and on a new machine all of them begin with it: one gets it, the others wait. */
const unlessThere = 'test -e "$1" || { from=$2 to=$3; shift 3; "$@" && mv -T -- "$from" "$to"; }';

export type Installation =
  { readonly status: 'installed'; readonly dir: string } | { readonly status: 'missing'; readonly reason: string };

/**
 * Something made by others, got once per machine into a cache folder outside the checkout. `command` gets it in the folder
 * that it is given; `proof` is a file that is there then. `missing` when it can't be had; the reason is one line.
 */
export async function install(
  name: string,
  proof: string,
  command: (dir: string) => readonly [program: string, ...args: string[]],
): Promise<Installation> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hokku-test');
  const dir = join(cache, name);
  const isInstalled = (): boolean => existsSync(join(dir, proof));
  if (isInstalled()) return { status: 'installed', dir };

  const fresh = `${dir}.${randomBytes(4).toString('hex')}`;
  const missing = (why: string): Installation => ({ status: 'missing', reason: `${name} could not be had: ${why}` });
  try {
    await mkdir(fresh, { recursive: true });
    const [program, ...args] = command(fresh);
    const onlyOne = [`${dir}.lock`, 'sh', '-c', unlessThere, 'sh', join(dir, proof), fresh, dir, program, ...args];
    const child = spawn('flock', onlyOne, { cwd: fresh, stdio: ['ignore', 'ignore', 'pipe'] });
    const { exitCode, stderr } = await finish(child, installTimeoutMs);
    if (exitCode !== 0) {
      const lines = stderr.split('\n').filter((line) => line.trim() !== '');
      const why =
        lines.find((line) => line.includes('npm error')) ?? lines.at(-1) ?? `${program} exited with ${exitCode}`;
      return missing(why.trim().slice(0, 200));
    }
    return isInstalled()
      ? { status: 'installed', dir }
      : missing(`${proof} is not where ${program} should have put it`);
  } catch (error) {
    return missing(String(error));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** A package of npm as its users get it. */
export function installPackage(name: string, version: string, proof: string): Promise<Installation> {
  const npm = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix'] as const;
  return install(`${name}-${version}`, join('node_modules', name, proof), (dir) => [
    'npm',
    ...npm,
    dir,
    `${name}@${version}`,
  ]);
}

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when it has ended, by itself or because of the time limit. */
export function finish(child: ChildProcess, timeoutMs: number): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  return new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ exitCode: code ?? -1, stdout, stderr: signal === null ? stderr : `${stderr}\nended by ${signal}` });
    });
  }).finally(() => {
    clearTimeout(timer);
  });
}
