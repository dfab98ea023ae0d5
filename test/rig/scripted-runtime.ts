import { deferred } from '../../src/lib/deferred.ts';
import type { DynoRuntime, DynoSpec, DynoUsage, Exit, ListeningPlace, RunningDyno } from '../../src/model/dyno.ts';

/** What a dyno does by itself when it is started. `wait`: nothing, the test decides. */
export type Script = 'listen' | 'wait' | { readonly exit: number } | { readonly fail: string };

/** A dyno under remote control: nothing happens in it unless the test says so. */
export class ScriptedDyno implements RunningDyno {
  readonly spec: DynoSpec;
  readonly host = '127.0.0.1';
  readonly startedAt = new Date();
  /** In the order they came. */
  readonly signals: ('SIGTERM' | 'SIGKILL')[] = [];
  /** False: SIGTERM does not impress it. */
  obeysTerm = true;
  isRemoved = false;
  /** True: what it wrote waits for `handOutput`. */
  holdsOutput = false;
  readonly #waiting: (() => void)[] = [];
  readonly #exited = deferred<Exit | null>();
  #isListening = false;
  #hasEnded = false;

  constructor(spec: DynoSpec) {
    this.spec = spec;
  }

  get exited(): Promise<Exit | null> {
    return this.#exited.promise;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  listen(): void {
    this.#isListening = true;
  }

  exit(status: number, at = new Date()): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#isListening = false;
    const signal = status === 137 ? 'SIGKILL' : status === 143 ? 'SIGTERM' : null;
    this.#exited.resolve({ status, signal, at });
  }

  /** Its supervisor is gone, as after a reboot of the machine. */
  lose(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#isListening = false;
    this.#exited.resolve(null);
  }

  listensElsewhere: readonly ListeningPlace[] = [];
  /** Null: of no interest to the test. */
  used: DynoUsage | null = null;

  usage(): Promise<DynoUsage | null> {
    return Promise.resolve(this.#hasEnded ? null : this.used);
  }

  isListening(): Promise<boolean> {
    return Promise.resolve(this.#isListening);
  }

  listeningPlaces(): Promise<readonly ListeningPlace[]> {
    return Promise.resolve(this.listensElsewhere);
  }

  afterOutput(_atMicros: bigint, then: () => void): void {
    if (this.holdsOutput) this.#waiting.push(then);
    else then();
  }

  handOutput(): void {
    this.holdsOutput = false;
    for (const then of this.#waiting.splice(0)) then();
  }

  terminate(): Promise<void> {
    this.signals.push('SIGTERM');
    if (this.obeysTerm) this.exit(143);
    return Promise.resolve();
  }

  kill(): Promise<void> {
    this.signals.push('SIGKILL');
    this.exit(137);
    return Promise.resolve();
  }

  remove(): Promise<void> {
    this.isRemoved = true;
    return Promise.resolve();
  }
}

/** A runtime without processes. Its dynos outlive the formation that started them, as real ones do. */
export class ScriptedRuntime implements DynoRuntime {
  /** Every dyno ever started, oldest first. */
  readonly dynos: ScriptedDyno[] = [];
  /** Decides what the next dynos do. */
  script: (spec: DynoSpec) => Script = () => 'listen';
  /** Of the next dynos. */
  holdsOutput = false;

  start(spec: DynoSpec): Promise<RunningDyno> {
    const script = this.script(spec);
    if (typeof script === 'object' && 'fail' in script) return Promise.reject(new Error(script.fail));
    const dyno = new ScriptedDyno(spec);
    dyno.holdsOutput = this.holdsOutput;
    this.dynos.push(dyno);
    if (script === 'listen') dyno.listen();
    else if (script !== 'wait') dyno.exit(script.exit);
    return Promise.resolve(dyno);
  }

  adopt(): Promise<readonly RunningDyno[]> {
    return Promise.resolve(this.dynos.filter((dyno) => !dyno.isRemoved));
  }

  startAttached(): never {
    throw new Error('a scripted dyno has no input and output');
  }

  enter(): null {
    return null;
  }

  connect(): Promise<null> {
    return Promise.resolve(null);
  }

  metered(): readonly ScriptedDyno[] {
    return this.running;
  }

  /** Those that have not ended. */
  get running(): readonly ScriptedDyno[] {
    return this.dynos.filter((dyno) => !dyno.hasEnded);
  }

  /** The newest dyno of this name; throws when there is none. */
  last(name: string): ScriptedDyno {
    const dyno = this.dynos.findLast(({ spec }) => spec.name === name);
    if (dyno === undefined) throw new Error(`no ${name} was started`);
    return dyno;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
