import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openCgroups } from '../../../src/cgroup/index.ts';
import { openLocalRuntime, whyNoDiskImages } from '../../../src/dyno/index.ts';
import { dynoEnv } from '../../../src/lib/dyno-env.ts';
import { openLogs } from '../../../src/log.ts';
import type { DynoOutput, DynoRuntime, DynoSpec, RunningDyno } from '../../../src/model/dyno.ts';
import type { AppId, DynoId, DynoName, ProcessType, ReleaseId, Sha256 } from '../../../src/model/ids.ts';
import { probeSandbox, type SandboxRung } from '../../../src/supervisor/index.ts';

export const rungs: readonly SandboxRung[] = ['bwrap', 'unshare', 'process'];
export const asRoot = process.getuid?.() === 0;
const appUid = 23_457;
/** Of a dyno of 512 MB. */
export const diskBytes = 64 * 1024 * 1024;

export interface RuntimeRig extends AsyncDisposable {
  readonly dir: string;
  readonly dynosDir: string;
  readonly hasPrivatePaths: boolean;
  /** Each dyno has a file system of its own. */
  readonly hasDiskImages: boolean;
  readonly runtime: DynoRuntime;
  readonly outputs: DynoOutput[];
  /** `env`: the config vars. */
  spec(command: string, changes?: Partial<DynoSpec>): DynoSpec;
  start(command: string, changes?: Partial<DynoSpec>): Promise<RunningDyno>;
  /** All that this dyno wrote so far. */
  text(dyno: RunningDyno): string;
}

/** `files`: of the slug, by path. `wantsDiskImages`: where they can be had; then no file of a dyno can be seen from outside. Null, after saying so, on a machine that does not have this rung. */
export async function openRuntimeRig(
  rung: SandboxRung,
  files: Record<string, string> = {},
  wantsDiskImages = false,
): Promise<RuntimeRig | null> {
  const sandbox = await probeSandbox({ hide: [], want: rung }).catch((error: unknown) => String(error));
  if (typeof sandbox === 'string') {
    process.stderr.write(`skipped: ${sandbox}\n`);
    return null;
  }
  const dir = await mkdtemp(join(tmpdir(), 'hokku-runtime-'));
  await chmod(dir, 0o711);
  const slug = join(dir, 'slug');
  await mkdir(slug);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(slug, path)), { recursive: true });
    await writeFile(join(slug, path), content);
  }
  if (asRoot) await chownAll(slug);
  const outputs: DynoOutput[] = [];
  const cursors = new Map<string, number>();
  const dynosDir = join(dir, 'dynos');
  const groups = await openCgroups(dynosDir);
  const hasDiskImages = wantsDiskImages && (await whyNoDiskImages(sandbox, dir)) === null;
  const runtime = await openLocalRuntime({
    dir: dynosDir,
    sandbox,
    groups,
    network: null,
    disk: { bytes: diskBytes, hasImages: hasDiskImages },
    slugs: { unpacked: () => Promise.resolve(slug), hold: () => () => undefined },
    onGone: () => undefined,
    onOutput: (output) => {
      outputs.push(output);
      cursors.set(output.dynoId, output.cursor);
    },
    cursorOf: (_appId, dynoId) => cursors.get(dynoId) ?? null,
    log: openLogs('silent', false).dyno,
  });
  const webOne = 'web.1' as DynoName;
  const spec = (command: string, { env = {}, name = webOne, ...changes }: Partial<DynoSpec> = {}): DynoSpec => ({
    id: randomUUID() as DynoId,
    appId: randomUUID() as AppId,
    name,
    type: 'web' as ProcessType,
    command,
    size: 'standard-1x',
    releaseId: randomUUID() as ReleaseId,
    releaseVersion: 3,
    slug: '0'.repeat(64) as Sha256,
    env: dynoEnv({ name, port: changes.port ?? null, configVars: env }),
    port: null,
    uid: appUid,
    ...changes,
  });
  return {
    dir,
    dynosDir,
    hasPrivatePaths: sandbox.hasPrivatePaths,
    hasDiskImages,
    runtime,
    outputs,
    spec,
    start: (command, changes) => runtime.start(spec(command, changes)),
    text: (dyno) => textOf(outputs.filter((output) => output.dynoId === dyno.spec.id)),
    async [Symbol.asyncDispose]() {
      for (const dyno of await runtime.adopt()) await dyno.kill();
      await killAll(dynosDir);
      await runtime[Symbol.asyncDispose]();
      await groups.sweep(new Set());
      await groups[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Ends what a failed test left running. */
async function killAll(dynosDir: string): Promise<void> {
  for (const id of await readdir(dynosDir)) {
    const text = await readFile(join(dynosDir, id, 'dyno.json'), 'utf8').catch(() => null);
    if (text === null) continue;
    const { supervisor } = JSON.parse(text) as { supervisor: { pid: number } };
    if (await isSupervisor(supervisor.pid)) process.kill(supervisor.pid, 'SIGQUIT');
    await until(async () => !(await isSupervisor(supervisor.pid)), 'the supervisor has ended');
  }
}

async function isSupervisor(pid: number): Promise<boolean> {
  const cmdline = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
  return cmdline.includes('hokku-supervisor');
}

export function textOf(outputs: readonly DynoOutput[]): string {
  return Buffer.concat(outputs.map((output) => output.bytes)).toString();
}

export async function until(check: () => boolean | Promise<boolean>, what: string, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await delay(10);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function chownAll(path: string): Promise<void> {
  await chown(path, appUid, appUid);
  for (const entry of await readdir(path, { recursive: true })) await chown(join(path, entry), appUid, appUid);
}
