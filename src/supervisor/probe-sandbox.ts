import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wrapInBwrap } from './bwrap-sandbox.ts';
import type { HiddenPaths } from './cover.ts';
import { wrapInSandboxOf } from './inside.ts';
import { readHostFiles, type User } from './layout.ts';
import { wrapAsProcess } from './process-sandbox.ts';
import { runInSandbox } from './run-in-sandbox.ts';
import { notInstalled, SandboxUnavailableError, type FailedRung } from './sandbox-unavailable-error.ts';
import { networkSteps } from './steps.ts';
import type { HostCommand, Sandbox, SandboxRung, SandboxedCommand } from './types.ts';
import { wrapInNamespaces } from './unshare-sandbox.ts';

const walls: readonly SandboxRung[] = ['bwrap', 'unshare'];
/** Some user id that is nobody's in particular, for the trial as root. */
const trialUid = 64_999;

/**
 * The best sandbox that works on this machine, found by running a command in it. `want`: that rung or none. The `process`
 * rung is had unasked by root only, who has other users to run apps as: an ordinary user's apps could read his files, the
 * platform's secrets among them. Throws a SandboxUnavailableError.
 */
export async function probeSandbox(options: HiddenPaths & { readonly want?: SandboxRung }): Promise<Sandbox> {
  const unasked: readonly SandboxRung[] = process.getuid?.() === 0 ? [...walls, 'process'] : walls;
  const failed: FailedRung[] = [];
  for (const rung of options.want === undefined ? unasked : [options.want]) {
    const wrap = wrapperOf(rung, options);
    const trial = wrap === null ? missing : await tryOut(rung, wrap);
    if (wrap !== null && trial.works) return describe(rung, wrap, trial, failed);
    failed.push({ rung, evidence: trial.evidence });
  }
  throw new SandboxUnavailableError(failed, options.want);
}

type Wrap = Sandbox['wrap'];

function wrapperOf(rung: SandboxRung, hidden: HiddenPaths): Wrap | null {
  if (rung === 'process') return (command) => wrapAsProcess(command, userOf(command));
  const host = readHostFiles(hidden);
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
  /** A command can make a user namespace of its own, and have every capability in it. */
  readonly nests: boolean;
}

const missing: Trial = { works: false, evidence: notInstalled, hasOverlay: false, nests: false };

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
    const nests = said.trim() === `${expected} nests`;
    const isAsExpected = nests || said.trim() === expected;
    const works = result.exitCode === 0 && isAsExpected && (await isMissing(join(lower, 'new')));
    // A copy of the app is seen in `upper`, an overlay leaves only what was written there.
    return { works, evidence, hasOverlay: await isMissing(join(upper, 'old')), nests };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const trialScript =
  'echo written > new && test -r /usr/bin/env && : > /dev/null && echo "$(cat old) $(cat new) $(id -u) $(unshare -U echo nests 2> /dev/null)"';

function isMissing(path: string): Promise<boolean> {
  return readFile(path).then(
    () => false,
    () => true,
  );
}

function describe(rung: SandboxRung, wrap: Wrap, trial: Trial, failed: readonly FailedRung[]): Sandbox {
  const user = process.getuid?.() === 0 ? 'a user per app' : 'one user for all apps';
  const app = trial.hasOverlay ? 'the slug is shared by overlay' : 'no overlay, each dyno copies its slug';
  const apart =
    rung === 'process'
      ? `no walls: apps see the files and processes of this machine, ${user}`
      : `own files, processes, IPC and host name, ${user}, ${app}`;
  const nests = trial.nests ? '; apps can make user namespaces' : '';
  const because = failed.map(({ rung: better, evidence }) => `${better}: ${evidence}`).join('; ');
  const why = because === '' ? '' : ` (not better because ${because})`;
  return sandboxOf(rung, `${rung}: ${apart}${nests}${why}`, wrap);
}

function sandboxOf(rung: SandboxRung, description: string, wrap: Wrap): Sandbox {
  return {
    rung,
    description,
    hasPrivatePaths: rung !== 'process',
    wrap: (command) => prepared(wrap(command), command),
    // Without walls there is nothing to join: it runs in the same folder as the same user.
    wrapInside: (pid, command) =>
      prepared(rung === 'process' ? wrap(command) : wrapInSandboxOf(pid, command, userOf(command)), command),
  };
}

/** The groups first of all: what the sandbox itself needs counts, too, and nothing ever runs outside. */
function prepared(host: HostCommand, { groups = [], network }: SandboxedCommand): HostCommand {
  const wiring = network === undefined ? [] : networkSteps(network);
  return { ...host, setup: [...groups.flatMap((file) => ['group', file]), ...wiring, ...(host.setup ?? [])] };
}
