import type { AppId, DynoId, DynoName, ProcessType, ReleaseId, Sha256 } from './ids.ts';
import type { DynoSizeName } from './formation.ts';
import type { DiskKill, MemoryKill, MemoryUsage } from './process-group.ts';

/** How a dyno's main process ended. A signal's exit status is shown as 128 + its number, as a shell does. */
export interface Exit {
  /** 0 to 255; 128 + n for signal n. */
  readonly status: number;
  /** `SIGKILL`, or null if it exited by itself. */
  readonly signal: string | null;
  readonly at: Date;
  /** It was ended, or something in it was, because it had used up its memory. */
  readonly memoryKill?: MemoryKill;
  /** It was ended because it had written too much. */
  readonly diskKill?: DiskKill;
}

/**
 * What one dyno is doing.
 *
 *     starting ──► up ──► stopping ──► down
 *        │          │
 *        ▼          ▼
 *      crashed ◄────┘      crashed ──► (a new start, after the back-off) starting
 */
export type DynoState =
  | { readonly is: 'starting'; readonly bootDeadline: Date | null }
  | { readonly is: 'up'; readonly since: Date }
  | { readonly is: 'stopping'; readonly killAt: Date }
  | { readonly is: 'crashed'; readonly exit: Exit | null; readonly restartAt: Date }
  /** Stopped on request; stays so until the next release, restart or scale. */
  | { readonly is: 'down'; readonly exit: Exit | null };

/** The state as the Platform API names it. `stopping` is shown as `down`. Source: Platform API schema, dyno.state. */
export type DynoStateName = 'crashed' | 'down' | 'idle' | 'starting' | 'up';

/** A dyno of the formation (or a release dyno) as clients see it. */
export interface DynoView {
  readonly id: DynoId;
  readonly appId: AppId;
  readonly name: DynoName;
  readonly type: ProcessType;
  readonly command: string;
  readonly size: DynoSizeName;
  readonly state: DynoStateName;
  readonly releaseId: ReleaseId;
  readonly releaseVersion: number;
  readonly createdAt: Date;
  /** When it came into its present state. */
  readonly updatedAt: Date;
}

/** Everything that is needed to run one dyno; nothing in it changes after the start. */
export interface DynoSpec {
  readonly id: DynoId;
  readonly appId: AppId;
  readonly name: DynoName;
  readonly type: ProcessType;
  /** As in the Procfile, before the shell expands it. */
  readonly command: string;
  readonly size: DynoSizeName;
  readonly releaseId: ReleaseId;
  readonly releaseVersion: number;
  readonly slug: Sha256;
  /** All of it, as src/lib/dyno-env.ts makes it: the dyno sees nothing of the host's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The value of `$PORT`; null for dynos that are not `web`. */
  readonly port: number | null;
  /** App.uid. */
  readonly uid: number;
}

/** One chunk of what a dyno wrote, as its supervisor spooled it. */
export interface DynoOutput {
  readonly dynoId: DynoId;
  readonly appId: AppId;
  readonly name: DynoName;
  /** Microseconds since 1970, UTC, taken when the supervisor read the bytes. */
  readonly atMicros: bigint;
  readonly bytes: Buffer;
  /** Position after this chunk in the dyno's output; goes into the log with its last line, so that a restart reads on from there. */
  readonly cursor: number;
  /** Lines that the spool had to drop before this chunk (the reader was too slow). */
  readonly droppedLines: number;
}

export interface DynoUsage extends MemoryUsage {
  /** Threads that run, or could if there were a processor for them. */
  readonly runnable: number;
  /** Of processor time, since the start; null: not known. */
  readonly cpuSeconds: number | null;
}

export interface ListeningPlace {
  readonly port: number;
  /** It can be reached from where it is only. */
  readonly isLoopback: boolean;
}

export interface RunningDyno {
  readonly spec: DynoSpec;
  /** Where its ports are reached, from this machine at least. */
  readonly host: string;
  readonly startedAt: Date;
  /** Resolves when the process tree is gone and all its output has been handed on. Null: the supervisor was lost. Never rejects. */
  readonly exited: Promise<Exit | null>;
  /** True once a process of this very dyno listens on `$PORT`, where the router can reach it. */
  isListening(): Promise<boolean>;
  /** The TCP ports that its processes listen on, for a message about one that never listened on `$PORT`. */
  listeningPlaces(): Promise<readonly ListeningPlace[]>;
  /** Calls `then` once all that it wrote before this moment has been handed on, and before anything later is: the place in its log of what happened then. */
  afterOutput(atMicros: bigint, then: () => void): void;
  /** What all its processes use now; null: it has ended. */
  usage(): Promise<DynoUsage | null>;
  /** SIGTERM to every process of the dyno. */
  terminate(): Promise<void>;
  /** SIGKILL to every process of the dyno. */
  kill(): Promise<void>;
  /** Removes what the dyno left on disk. Call after `exited`. */
  remove(): Promise<void>;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Half open until both sides have ended. */
export type Connection = NodeJS.ReadWriteStream & { destroy(): unknown };
/** A dyno as who measures it sees it. */
export type MeteredDyno = Pick<RunningDyno, 'spec' | 'usage'>;

/** What somebody talks to: an attached one-off dyno, or a command inside of a running dyno. It ends with this process. */
export interface AttachedProcess {
  /** Its end is the end of the input, but not on a terminal. */
  readonly input: NodeJS.WritableStream;
  /** Output and error output in the order of their writing. Who does not read it holds the process up. */
  readonly output: NodeJS.ReadableStream;
  /** What all processes of the dyno use now; null: it has ended, or this is a command inside of another dyno. */
  usage(): Promise<DynoUsage | null>;
  /** Resolves when the process tree is gone, `output` has been read to its end and nothing is left on disk. */
  readonly exited: Promise<Exit>;
  /** To every process of it. */
  signal(name: NodeJS.Signals): void;
  /** Does nothing where there is no terminal. */
  resize(size: TerminalSize): void;
  /** SIGKILL to every process of it. Who kills it goes on reading, or says `abandon`. */
  kill(): void;
  /** SIGKILL, and whatever it has written is thrown away. */
  abandon(): void;
}

/**
 * The seam between the formation and whatever runs processes: a local sandbox with supervisors now, a cluster later.
 * Dynos outlive the process that started them; `adopt` finds them again.
 */
export interface DynoRuntime extends AsyncDisposable {
  start(spec: DynoSpec): Promise<RunningDyno>;
  /** The dynos that an earlier platform process started, ended ones included (their `exited` is settled), in order of their start. */
  adopt(): Promise<readonly RunningDyno[]>;
  /** Starts a dyno that ends with this process and is never adopted. `terminal` null: its input and output are pipes. */
  startAttached(spec: DynoSpec, terminal: TerminalSize | null): Promise<AttachedProcess>;
  /**
   * Runs a command inside of a running dyno: same files, same processes, `spec`'s environment and the dyno's `PORT`.
   * Null: no such dyno runs here.
   */
  enter(dynoId: DynoId, spec: Pick<DynoSpec, 'command' | 'env'>, terminal: TerminalSize | null): AttachedProcess | null;
  /** All that run now, attached ones and release commands included. */
  metered(): readonly MeteredDyno[];
  /** Connects to this TCP port on the dyno's own loopback. Null: no process of this dyno listens there. */
  connect(dynoId: DynoId, port: number): Promise<Connection | null>;
}
