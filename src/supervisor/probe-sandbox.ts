import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wrapInBwrap } from './bwrap-sandbox.ts';
import { wrapInSandboxOf } from './inside.ts';
import { readHostFiles, type User } from './layout.ts';
import { wrapAsProcess } from './process-sandbox.ts';
import { runInSandbox } from './run-in-sandbox.ts';
import type { Sandbox, SandboxRung, SandboxedCommand } from './types.ts';
import { wrapInNamespaces } from './unshare-sandbox.ts';

const ladder: readonly SandboxRung[] = ['bwrap', 'unshare', 'process'];
/** Some user id that is nobody's in particular, for the trial as root. */
const trialUid = 64_999;

/**
 * The best sandbox that works on this machine, found by running a command in it. `hide`: host folders that must not be
 * visible inside. `want`: that rung or an error, which carries what its trial said.
 */
export async function probeSandbox(options: { hide: readonly string[]; want?: SandboxRung }): Promise<Sandbox> {
  const failures: string[] = [];
  for (const rung of options.want === undefined ? ladder : [options.want]) {
    const wrap = wrapperOf(rung, options.hide);
    const trial = wrap === null ? notInstalled : await tryOut(rung, wrap);
    if (wrap !== null && trial.works) return describe(rung, wrap, trial.hasOverlay, failures);
    failures.push(`${rung}: ${trial.evidence}`);
  }
  throw new Error(`No sandbox works on this machine. ${failures.join('; ')}`);
}

type Wrap = Sandbox['wrap'];

function wrapperOf(rung: SandboxRung, hide: readonly string[]): Wrap | null {
  if (rung === 'process') return (command) => wrapAsProcess(command, userOf(command));
  const host = readHostFiles(hide);
  if (rung === 'unshare') return (command) => wrapInNamespaces(command, host, userOf(command));
  const bwrap = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'].find((file) => existsSync(file));
  return bwrap === undefined ? null : (command) => wrapInBwrap(bwrap, command, host, userOf(command));
}

/** An ordinary user can only run things as himself. */
function userOf({ uid }: SandboxedCommand): User {
  const own = process.getuid?.() ?? 0;
  return own === 0 ? { uid, gid: uid } : { uid: own, gid: process.getgid?.() ?? own };
}

interface Trial {
  readonly works: boolean;
  readonly evidence: string;
  readonly hasOverlay: boolean;
}

const notInstalled: Trial = { works: false, evidence: 'bubblewrap is not installed', hasOverlay: false };

async function tryOut(rung: SandboxRung, wrap: Wrap): Promise<Trial> {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-probe-'));
  try {
    await chmod(dir, 0o711);
    const folder = async (name: string): Promise<string> => {
      const path = join(dir, name);
      await mkdir(path);
      if (process.getuid?.() === 0) await chown(path, trialUid, trialUid);
      return path;
    };
    const [lower, upper, work, tmp] = [
      await folder('lower'),
      await folder('upper'),
      await folder('work'),
      await folder('tmp'),
    ];
    await writeFile(join(lower, 'old'), 'old\n');
    let said = '';
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
    };
    const sandbox = sandboxOf(rung, '', wrap);
    const result = await runInSandbox(
      sandbox,
      {
        argv: ['/bin/sh', '-c', trialScript],
        env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/app' },
        cwd: '/app',
        uid: trialUid,
        app: { kind: 'overlay', lower, upper, work },
        tmpDir: tmp,
        mounts: [],
        hostname: 'probe',
      },
      { onStdout: hear, onStderr: hear, timeoutMs: 15_000 },
    );
    const evidence = said.trim().split('\n').at(-1) || `the trial ended with ${result.exitCode}`;
    const expected = `old written ${process.getuid?.() === 0 ? trialUid : (process.getuid?.() ?? '')}`;
    const works = result.exitCode === 0 && said.trim() === expected && (await missing(join(lower, 'new')));
    // A copy of the app is seen in `upper`, an overlay leaves only what was written there.
    return { works, evidence, hasOverlay: await missing(join(upper, 'old')) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const trialScript =
  'echo written > new && test -r /usr/bin/env && : > /dev/null && echo "$(cat old) $(cat new) $(id -u)"';

function missing(path: string): Promise<boolean> {
  return readFile(path).then(
    () => false,
    () => true,
  );
}

function describe(rung: SandboxRung, wrap: Wrap, hasOverlay: boolean, failures: readonly string[]): Sandbox {
  const user = process.getuid?.() === 0 ? 'a user per app' : 'one user for all apps';
  const app = hasOverlay ? 'the slug is shared by overlay' : 'no overlay, each dyno copies its slug';
  const apart =
    rung === 'process'
      ? `no walls: apps see the files and processes of this machine, ${user}`
      : `own files, processes, IPC and host name, ${user}, ${app}; the network is the machine's`;
  const why = failures.length === 0 ? '' : ` (not better because ${failures.join('; ')})`;
  return sandboxOf(rung, `${rung}: ${apart}${why}`, wrap);
}

function sandboxOf(rung: SandboxRung, description: string, wrap: Wrap): Sandbox {
  return {
    rung,
    description,
    hasPrivatePaths: rung !== 'process',
    wrap,
    // Without walls there is nothing to join: it runs in the same folder as the same user.
    wrapInside: (pid, command) => (rung === 'process' ? wrap(command) : wrapInSandboxOf(pid, command, userOf(command))),
  };
}
