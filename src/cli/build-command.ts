import { resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { failureLines, FolderCache } from '../build/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { BuiltSlug } from '../model/build.ts';
import { textOutput } from '../workbench/index.ts';
import { openBench } from './open-bench.ts';
import { stoppable } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';

export interface BuildOptions {
  readonly buildpack?: readonly string[];
  readonly output?: string;
  readonly cache?: string;
  readonly env?: string;
  readonly json?: true;
}

/** `hokku build DIR`: the build of a push on a folder, without a server. */
export async function buildCommand(dir: string, options: BuildOptions, terminal: Terminal): Promise<number> {
  const env = await readEnvFile(options.env);
  const result = await stoppable(async (signal) => {
    await using bench = await openBench(terminal);
    using output = textOutput((text) => {
      if (options.json === true) terminal.err(text);
      else terminal.out(text);
    });
    const outcome = await bench.build({
      appDir: resolve(dir),
      buildpacks: options.buildpack ?? [],
      fromDir: process.cwd(),
      env,
      cache: options.cache === undefined ? bench.cache('app') : new FolderCache(resolve(options.cache)),
      output,
      signal,
    });
    if (outcome.status === 'failed') {
      if (signal.aborted) return 'stopped';
      for (const line of failureLines(outcome.failure)) output.write(`${line}\n`);
      if (options.json === true) terminal.out(`${JSON.stringify(outcome, null, 2)}\n`);
      return 1;
    }
    if (options.output !== undefined) await bench.writeSlug(outcome.slug.sha256, resolve(options.output));
    if (options.json === true) terminal.out(`${JSON.stringify(outcome, null, 2)}\n`);
    else terminal.out(summaryOf(outcome.slug, options.output));
    return 0;
  });
  return result === 'stopped' ? 130 : result;
}

function summaryOf(slug: BuiltSlug, file: string | undefined): string {
  const types = Object.entries(slug.processTypes).map(([type, command]) => `       ${type}: ${command}\n`);
  return [
    '-----> Process types\n',
    ...(types.length === 0 ? ['       (none)\n'] : types),
    `-----> Slug ${slug.sha256}, ${slug.sizeBytes} bytes\n`,
    file === undefined ? '       Not kept: -o slug.tgz keeps it\n' : `       Written to ${file}\n`,
  ].join('');
}

const nameForm = /^[A-Za-z_]\w{0,255}$/;
const maxBytes = 1024 * 1024;

/** A file of `NAME=value` lines, as most tools have it. */
export async function readEnvFile(file: string | undefined): Promise<Readonly<Record<string, string>>> {
  if (file === undefined) return {};
  const text = await readFile(resolve(file), 'utf8');
  if (text.length > maxBytes)
    throw new PlatformError('invalid_params', `${file} has more than 1 MB: is it the right file?`);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(text))) {
    if (value === undefined) continue;
    if (!nameForm.test(name)) {
      const detail = `${file} has the name ${JSON.stringify(name.slice(0, 60))}`;
      throw new PlatformError(
        'invalid_params',
        `${detail}: a config var is letters, digits and _, and no digit first.`,
      );
    }
    env[name] = value;
  }
  return env;
}
