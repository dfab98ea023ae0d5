import { join } from 'node:path';
import { spawn } from '../../../src/lib/spawn.ts';

/** Compiles escape.c to the file `into`. */
export async function compileEscape(into: string): Promise<void> {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
  const source = join(import.meta.dirname, 'escape.c');
  const { exitCode, stderr } = await spawn('cc', ['-O1', '-o', into, source], { env, timeoutMs: 60_000 });
  if (exitCode !== 0) throw new Error(`escape.c could not be compiled: ${stderr}`);
}
