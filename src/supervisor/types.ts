import type { TerminalSize } from '../model/dyno.ts';
import type { NetworkLink } from '../model/network.ts';
import type { DiskKill, MemoryKill } from '../model/process-group.ts';

/**
 * How far a command is kept apart from the machine, best first. `bwrap`: bubblewrap, every namespace but the network.
 * `unshare`: user, mount and pid namespaces of our own making. `process`: nothing but a user id, if the platform is root.
 */
export type SandboxRung = 'bwrap' | 'unshare' | 'process';

/** What `/app` is inside. */
export type AppFolder =
  | { readonly kind: 'bind'; readonly dir: string }
  /** `lower` stays as it is; what the command writes goes to `upper` (same file system as `work`, both exist and are empty). */
  | { readonly kind: 'overlay'; readonly lower: string; readonly upper: string; readonly work: string };

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly writable: boolean;
}

/** A command as it is seen from inside: its paths are inside paths, its environment is all that it has. */
export interface SandboxedCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Host user id to run as; ignored when the platform is not root. */
  readonly uid: number;
  readonly app: AppFolder;
  /** Host folder that is `/tmp` inside. */
  readonly tmpDir: string;
  /**
   * A file with an empty ext4 file system, which bounds what the command can write: it is mounted at the empty folder `dir`, for the
   * command alone, and `upper`, `work` and `tmpDir`, which lie there, are made in it. Where it can't be mounted, they are made in the
   * folder itself. Not for the `process` rung.
   */
  readonly disk?: { readonly image: string; readonly dir: string };
  readonly mounts: readonly Mount[];
  readonly hostname: string;
  /** Its own network; without, the machine's. Only behind walls, whose `/etc/resolv.conf` can be its own. */
  readonly network?: NetworkLink;
  /** Standard input and output are a terminal of this size, made inside; only for attached commands. */
  readonly terminal?: TerminalSize;
  /** Upper bounds, lowered to what the platform itself may have. `processes` has no effect where the kernel would count others than the app's. */
  readonly limits?: { readonly openFiles?: number; readonly processes?: number; readonly fileBytes?: number };
  /** Files of ProcessGroup.joinFiles: the command is in these groups before anything of it runs. */
  readonly groups?: readonly string[];
}

/** What the supervisor really executes. `env` is complete. */
export interface HostCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Steps between fork and exec, as src/supervisor/sandbox-steps.h reads them. */
  readonly setup?: readonly string[];
  /** What `file` finds on descriptors 5, 6, ...: too secret or too long for an argument. */
  readonly inputs?: readonly Uint8Array[];
  /** True if what runs inside has its own pid namespace, so that wrappers can be told from the app's processes. */
  readonly privatePids?: boolean;
  /** True if a step of the set-up makes a terminal. */
  readonly hasTerminal?: boolean;
  /** Owner of the pipes, so that the command can open `/dev/stdout`. */
  readonly uid?: number;
}

export interface Sandbox {
  readonly rung: SandboxRung;
  /** One line for the start-up message and `hokku doctor`: what is kept apart, and what is not. */
  readonly description: string;
  /** False on the `process` rung: there is no private `/app`; `HOME` and `/app` paths are the host folder itself. */
  readonly hasPrivatePaths: boolean;
  /** The command that runs `command` inside; the caller's process must stay its parent. */
  wrap(command: SandboxedCommand): HostCommand;
  /** The command that runs `command` in the sandbox of another one, of which `pid` is a process. */
  wrapInside(pid: number, command: SandboxedCommand): HostCommand;
}

export interface RunOptions {
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
  /** Aborting kills the whole process tree at once. */
  readonly signal?: AbortSignal;
  /** Gets the pid of the supervisor: all of the command is below it. */
  readonly onStart?: (supervisor: number) => void;
  /** SIGKILL to the whole process tree after this long. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** 128 + n when signal n ended it. */
  readonly exitCode: number;
  readonly endedBy: 'exit' | 'timeout' | 'abort';
  /** Something in it was killed because it had used up its memory. */
  readonly memoryKill?: MemoryKill;
  /** It was killed because it had written too much. */
  readonly diskKill?: DiskKill;
}

/**
 * Runs a command in the sandbox to its end and leaves nothing behind: daemons it forked are killed with it, and the whole
 * tree dies if the platform does, at any moment. Standard input is empty. `onStdout`/`onStderr` get bytes as they come.
 */
export type RunInSandbox = (sandbox: Sandbox, command: SandboxedCommand, options: RunOptions) => Promise<RunResult>;
