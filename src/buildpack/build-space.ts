import { join } from 'node:path';
import type { RunInSandbox, RunOptions, RunResult, Sandbox } from '../supervisor/index.ts';

/** Where a build's scripts run, and what they all see. */
export interface BuildSpace {
  readonly sandbox: Sandbox;
  readonly runInSandbox: RunInSandbox;
  /** App.uid. */
  readonly uid: number;
  readonly hostname: string;
  /** Host folder that is `/tmp` inside: all of the build's folders lie in it, so that renames and hard links work between them. */
  readonly tmpDir: string;
  /** Host folder that is `/app` inside: empty, writable, and not the build folder. */
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Inside paths. */
  readonly buildDir: string;
  readonly cacheDir: string;
  readonly envDir: string;
  /** Aborting ends the running script and all its children. */
  readonly signal: AbortSignal;
  /** When the scripts must be done, on `performance.now()`'s clock. */
  readonly deadlineMs: number;
}

/** A path below `/tmp` as the scripts see it. Without private paths that is the host's. */
export function insidePath(space: Pick<BuildSpace, 'sandbox' | 'tmpDir'>, ...parts: string[]): string {
  return join(space.sandbox.hasPrivatePaths ? '/tmp' : space.tmpDir, ...parts);
}

export interface Script {
  readonly argv: readonly string[];
  /** Inside path of the working folder. */
  readonly cwd: string;
  readonly onStdout: RunOptions['onStdout'];
  readonly onStderr: RunOptions['onStderr'];
  /** A limit of its own, if it is shorter than what is left of the build's. */
  readonly timeoutMs?: number;
}

/** Runs one script to its end, within the build's time limit. */
export async function runScript(space: BuildSpace, script: Script): Promise<RunResult> {
  const leftMs = Math.min(space.deadlineMs - performance.now(), script.timeoutMs ?? Infinity);
  if (space.signal.aborted) return { exitCode: 137, endedBy: 'abort' };
  if (leftMs <= 0) return { exitCode: 137, endedBy: 'timeout' };
  return space.runInSandbox(
    space.sandbox,
    {
      argv: script.argv,
      env: space.env,
      cwd: script.cwd,
      uid: space.uid,
      app: { kind: 'bind', dir: space.homeDir },
      tmpDir: space.tmpDir,
      mounts: [],
      hostname: space.hostname,
    },
    { onStdout: script.onStdout, onStderr: script.onStderr, signal: space.signal, timeoutMs: Math.ceil(leftMs) },
  );
}
