import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launchArgv } from '../dyno/index.ts';
import { dynoEnv } from '../lib/dyno-env.ts';
import { removeTree } from '../lib/remove-tree.ts';
import { run } from '../lib/spawn.ts';
import type { DynoName, Sha256 } from '../model/ids.ts';
import type { ConfigVars } from '../model/release.ts';
import { runInSandbox, type SandboxedCommand } from '../supervisor/index.ts';
import type { Bench } from './bench.ts';

const maxOutputBytes = 4 * 1024 * 1024;

/** A slug with the config vars that its app has. */
export interface SlugToRun {
  readonly sha256: Sha256;
  readonly configVars: ConfigVars;
}

export interface DynoOnBench extends AsyncDisposable {
  readonly command: SandboxedCommand;
}

/**
 * A dyno of the slug that has not been started: the command as the platform would start it, and folders of its own.
 * `files`: folders of this machine, copied below its `/tmp` by their names.
 * A command may be made of what its `/tmp` is called inside.
 */
export async function prepareDyno(
  bench: Bench,
  slug: SlugToRun,
  command: string | ((tmp: string) => string),
  options: { readonly port?: number; readonly files?: Readonly<Record<string, string>> } = {},
): Promise<DynoOnBench> {
  const id = randomUUID();
  const dir = join(bench.dir, `dyno-${id}`);
  const [upper, work, tmp] = [join(dir, 'upper'), join(dir, 'work'), join(dir, 'tmp')];
  await mkdir(dir, { mode: 0o711 });
  for (const folder of [upper, work, tmp]) await mkdir(folder);
  await chmod(tmp, 0o1777);
  for (const [name, from] of Object.entries(options.files ?? {})) {
    await run('cp', ['-a', '-T', '--', from, join(tmp, name)], { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
  }
  if (process.getuid?.() === 0) {
    await chown(upper, bench.uid, bench.uid);
    await run('chown', ['-hR', `${bench.uid}:${bench.uid}`, '--', tmp], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    });
  }
  const name = (options.port === undefined ? 'run.1' : 'web.1') as DynoName;
  const insideTmp = bench.sandbox.hasPrivatePaths ? '/tmp' : tmp;
  return {
    command: {
      argv: launchArgv(typeof command === 'string' ? command : command(insideTmp)),
      env: dynoEnv({ name, port: options.port ?? null, configVars: slug.configVars }),
      cwd: '/app',
      uid: bench.uid,
      app: { kind: 'overlay', lower: await bench.unpacked(slug.sha256), upper, work },
      tmpDir: tmp,
      mounts: [],
      hostname: id,
    },
    [Symbol.asyncDispose]: () => removeTree(dir),
  };
}

/** Runs a command in a one-off dyno of the slug to its end. */
export async function runOnSlug(
  bench: Bench,
  slug: SlugToRun,
  command: string | ((tmp: string) => string),
  options: {
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    readonly files?: Readonly<Record<string, string>>;
  },
): Promise<{ readonly exitCode: number; readonly output: string; readonly endedBy: 'exit' | 'timeout' | 'abort' }> {
  const { signal, timeoutMs, files = {} } = options;
  await using dyno = await prepareDyno(bench, slug, command, { files });
  const chunks: Buffer[] = [];
  let size = 0;
  const hear = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= maxOutputBytes) chunks.push(Buffer.from(chunk));
  };
  const result = await runInSandbox(bench.sandbox, dyno.command, { onStdout: hear, onStderr: hear, signal, timeoutMs });
  return { ...result, output: Buffer.concat(chunks).toString('utf8') };
}
