import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  probeSandbox,
  runInSandbox,
  type RunOptions,
  type RunResult,
  type Sandbox,
  type SandboxedCommand,
  type SandboxRung,
} from '../../../src/supervisor/index.ts';

export const rungs: readonly SandboxRung[] = ['bwrap', 'unshare', 'process'];
export const asRoot = process.getuid?.() === 0;
/** Of the app under test, as root. */
export const appUid = 23_456;
export const insideUid = asRoot ? appUid : (process.getuid?.() ?? 0);

export interface SandboxRig extends AsyncDisposable {
  readonly dir: string;
  readonly app: string;
  readonly sandbox: Sandbox;
  run(
    script: string,
    changes?: Partial<SandboxedCommand>,
    options?: Partial<RunOptions>,
  ): Promise<RunResult & { stdout: string; stderr: string }>;
}

/** `hide`: more of the host. Null, after saying so, on a machine that does not have this rung. */
export async function openSandboxRig(rung: SandboxRung, hide: readonly string[] = []): Promise<SandboxRig | null> {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-sandbox-'));
  const sandbox = await probeSandbox({ hide: [dir, ...hide], want: rung }).catch((error: unknown) => String(error));
  if (typeof sandbox === 'string') {
    process.stderr.write(`skipped: ${sandbox}\n`);
    await rm(dir, { recursive: true });
    return null;
  }
  await chmod(dir, 0o711);
  const folder = async (name: string): Promise<string> => {
    await mkdir(join(dir, name));
    if (asRoot) await chown(join(dir, name), appUid, appUid);
    return join(dir, name);
  };
  const app = await folder('app');
  const tmpDir = await folder('tmp');
  return {
    dir,
    app,
    sandbox,
    async run(script, changes = {}, options = {}) {
      let stdout = '';
      let stderr = '';
      const command: SandboxedCommand = {
        argv: ['/bin/bash', '-c', script],
        env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/app' },
        cwd: '/app',
        uid: appUid,
        app: { kind: 'bind', dir: app },
        tmpDir,
        mounts: [],
        hostname: 'test',
        ...changes,
      };
      const result = await runInSandbox(sandbox, command, {
        onStdout: (chunk) => (stdout += chunk.toString()),
        onStderr: (chunk) => (stderr += chunk.toString()),
        ...options,
      });
      return { ...result, stdout, stderr };
    },
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
    },
  };
}
