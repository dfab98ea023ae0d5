import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { dynoEnv } from '../lib/dyno-env.ts';
import { exitLines } from '../lib/exit-text.ts';
import { nowMicros } from '../lib/micros.ts';
import { fired } from '../lib/fired.ts';
import type { App } from '../model/app.ts';
import type { BuildOutput } from '../model/build.ts';
import type { DynoOutput, DynoRuntime, DynoSpec, DynoView, Exit, MeteredDyno, RunningDyno } from '../model/dyno.ts';
import { defaultDynoSize } from '../model/formation.ts';
import type { DynoId, DynoName, ProcessType } from '../model/ids.ts';
import type { AppLogWriter } from '../model/log.ts';
import type { DiskKill, MemoryKill } from '../model/process-group.ts';
import type { ConfigVars, Release } from '../model/release.ts';

export interface ReleasePhase {
  readonly app: App;
  readonly release: Release;
  /** What runs; default: the `release` process type of the slug. */
  readonly process?: { readonly type: ProcessType; readonly command: string };
  /** Of the release. */
  readonly configVars: ConfigVars;
  readonly runtime: DynoRuntime;
  readonly logs: AppLogWriter;
  /** Calls back with what this dyno writes, until the returned function is called. */
  watchOutput(dynoId: DynoId, listener: (output: DynoOutput) => void): () => void;
  /** Shows the dyno in the app's list until the returned function is called. `stop` is for whoever sees it there; the second time, it is killed. */
  showDyno?(view: DynoView, stop: () => void): () => void;
  /** Watches what the dyno uses until `ended` settles. */
  meterDyno?(dyno: MeteredDyno, ended: Promise<unknown>): void;
  /** Gets the command's raw bytes as they come. */
  readonly output?: BuildOutput;
  /** Ends the command: SIGTERM, then SIGKILL. The release has failed then. */
  readonly signal: AbortSignal;
  /** Ends it as `stop` does, and with SIGKILL a second later. */
  readonly cancelled?: AbortSignal;
  readonly timeoutMs: number;
  /** From SIGTERM to SIGKILL. Default 10 s. */
  readonly stopGraceMs?: number;
}

export interface ReleasePhaseOutcome {
  readonly status: 'succeeded' | 'failed';
  /** 128 + n for signal n; 137 (SIGKILL) also when the dyno was lost. */
  readonly exitCode: number;
  /** All but `exit`: the release has failed, whatever the command made of SIGTERM. `stop`: a user stopped the dyno. */
  readonly endedBy: 'exit' | 'timeout' | 'abort' | 'stop';
  readonly memoryKill?: MemoryKill;
  readonly diskKill?: DiskKill;
}

const lostStatus = 137;
const releaseType = 'release' as ProcessType;

/**
 * Runs the `release` command of a new release in a dyno of its own, with the new slug and the new config vars, before any
 * dyno of the formation is touched. Anything but exit status 0 fails the release. The caller sets the release's status and
 * says so. Throws when the dyno could not be started at all. A dyno that outlives this process is ended by the formation at the next boot.
 * Source: https://devcenter.heroku.com/articles/release-phase
 */
export async function runReleasePhase(phase: ReleasePhase): Promise<ReleasePhaseOutcome> {
  const spec = releaseDyno(phase);
  const say = (...messages: string[]): void => {
    phase.logs.append(
      phase.app.id,
      messages.map((message) => ({ atMicros: nowMicros(), source: 'heroku', process: spec.name, message })),
    );
  };
  const unwatch = phase.watchOutput(spec.id, ({ bytes }) => {
    phase.output?.write(bytes);
  });
  const stops = new Stops(phase.cancelled);
  const hide = phase.showDyno?.(viewOf(spec), () => {
    stops.ask();
  });
  try {
    say(`Starting process with command \`${spec.command}\``);
    let dyno: RunningDyno;
    try {
      dyno = await phase.runtime.start(spec);
    } catch (error) {
      say('Error R99 (Platform error) -> Failed to start the dyno', 'State changed from starting to crashed');
      throw new Error(`The ${spec.type} command of v${spec.releaseVersion} could not be started`, { cause: error });
    }
    say('State changed from starting to up');
    phase.meterDyno?.(dyno, dyno.exited);
    const { exit, endedBy } = await untilEnd(dyno, phase, stops, say);
    const hasSucceeded = exit?.status === 0 && endedBy === 'exit';
    sayEnd(say, exit, hasSucceeded);
    await phase.logs.flush();
    await dyno.remove();
    const why = {
      ...(exit?.memoryKill === undefined ? {} : { memoryKill: exit.memoryKill }),
      ...(exit?.diskKill === undefined ? {} : { diskKill: exit.diskKill }),
    };
    return { status: hasSucceeded ? 'succeeded' : 'failed', exitCode: exit?.status ?? lostStatus, endedBy, ...why };
  } finally {
    hide?.();
    unwatch();
  }
}

// Private

function releaseDyno({ app, release, configVars, process }: ReleasePhase): DynoSpec {
  const type = process?.type ?? releaseType;
  const command = process?.command ?? release.slug?.processTypes[releaseType];
  if (release.slug === null || command === undefined) {
    throw new Error(`Internal: release v${release.version} has no release command`);
  }
  const name = `${type}.${randomInt(1_000, 10_000)}` as DynoName;
  return {
    id: randomUUID() as DynoId,
    appId: app.id,
    name,
    type,
    command,
    size: defaultDynoSize,
    releaseId: release.id,
    releaseVersion: release.version,
    slug: release.slug.sha256,
    env: dynoEnv({ name, port: null, configVars }),
    port: null,
    uid: app.uid,
  };
}

function viewOf({ id, appId, name, type, command, size, releaseId, releaseVersion }: DynoSpec): DynoView {
  const at = new Date();
  const dyno = { id, appId, name, type, command, size, releaseId, releaseVersion };
  return { ...dyno, state: 'up', createdAt: at, updatedAt: at };
}

async function untilEnd(
  dyno: RunningDyno,
  phase: ReleasePhase,
  stops: Stops,
  say: (...messages: string[]) => void,
): Promise<{ exit: Exit | null; endedBy: ReleasePhaseOutcome['endedBy'] }> {
  const over = new AbortController();
  const exited = dyno.exited.finally(() => {
    over.abort();
  });
  const reason = await Promise.race([
    exited.then(() => 'exit' as const),
    timer(phase.timeoutMs, over.signal).then(() => 'timeout' as const),
    fired(phase.signal, over.signal).then(() => 'abort' as const),
    fired(stops.asked, over.signal).then(() => 'stop' as const),
  ]);
  if (reason !== 'exit') {
    say('Stopping all processes with SIGTERM');
    await dyno.terminate();
    await Promise.race([timer(phase.stopGraceMs ?? 10_000, over.signal), stops.hurried(over.signal)]);
    if (!over.signal.aborted) {
      say('Stopping remaining processes with SIGKILL');
      await dyno.kill();
    }
  }
  return { exit: await exited, endedBy: reason };
}

const cancelGraceMs = 1_000;
/** Two orders at once are one that came by two ways. */
const sameOrderMs = 300;

/** The orders to stop that a release command has got. */
class Stops {
  readonly #asked = new AbortController();
  readonly #hurry = new AbortController();
  readonly #cancelled: AbortSignal;
  #askedAtMs = Infinity;

  constructor(cancelled = new AbortController().signal) {
    this.#cancelled = cancelled;
  }

  get asked(): AbortSignal {
    return AbortSignal.any([this.#asked.signal, this.#cancelled]);
  }

  ask(): void {
    if (performance.now() > this.#askedAtMs + sameOrderMs) this.#hurry.abort();
    this.#askedAtMs = Math.min(this.#askedAtMs, performance.now());
    this.#asked.abort();
  }

  /** Resolves when there is no more time to end by itself, or when `over` fires. */
  async hurried(over: AbortSignal): Promise<void> {
    const late = fired(this.#cancelled, over).then(() => timer(cancelGraceMs, over));
    await Promise.race([fired(this.#hurry.signal, over), late]);
  }
}

/** The order of the two lines of a success is Heroku's. */
function sayEnd(say: (...messages: string[]) => void, exit: Exit | null, hasSucceeded: boolean): void {
  const line = exit === null ? [] : exitLines(exit);
  if (hasSucceeded) say('State changed from up to complete', ...line);
  else say(...line, 'State changed from up to crashed');
}

/** Resolves after `ms`, or when `over` fires. */
async function timer(ms: number, over: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: over }).catch(() => undefined);
}
