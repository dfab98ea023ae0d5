import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { CliResult } from './heroku-cli.ts';
import { checkout } from './platform-rig.ts';

const timeoutMs = 60_000;

/** Runs the built `hokku` in a folder, with no environment but this and PATH. Its standard input is `input`, and no terminal. */
export function hokkuIn(
  cwd: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  input = '',
): Promise<CliResult> {
  const child = spawn(process.execPath, [join(checkout, 'dist', 'main.js'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // One that ends without reading is judged by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  return new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ exitCode: code ?? -1, stdout, stderr });
    });
  }).finally(() => {
    clearTimeout(timer);
  });
}
