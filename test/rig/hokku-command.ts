import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { checkout, eventually, sandboxSetting } from './platform-rig.ts';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Without what the doctor says of this machine before a start. */
  readonly complaint: string;
  readonly stderr: string;
}

/** A `hokku` of an operator who stands in `dir`, whose environment holds nothing but this, with the data folder `data` there. */
export class HokkuCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  /** `by`: what runs it. */
  constructor(
    dir: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    by: readonly string[] = [],
  ) {
    const [file = '', ...rest] = [...by, process.execPath, join(checkout, 'dist', 'main.js'), ...args];
    const settings = { HOKKU_DATA_DIR: join(dir, 'data'), HOKKU_PORT: '0', ...sandboxSetting(), ...env };
    this.child = spawn(file, rest, {
      cwd: dir,
      env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (exitCode) => {
        const complaint = this.stderr.replace(/^degraded [^\n]*\n( {9}[^\n]*\n)?/gm, '');
        resolve({ exitCode, stdout: this.stdout, complaint, stderr: this.stderr });
      });
    });
  }

  async ready(): Promise<void> {
    await eventually('the line that says so', () => Promise.resolve(this.stdout.includes('listening on')));
  }
}
