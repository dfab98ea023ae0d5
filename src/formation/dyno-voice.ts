import type { RunningDyno } from '../model/dyno.ts';
import type { AppId, DynoName } from '../model/ids.ts';
import type { LogLine } from '../model/log.ts';
import { platformLines } from './dyno-lines.ts';
import type { DynoTools } from './dyno-tools.ts';

/** What the dyno manager says of one dyno in the app's log, in order, and in order with what the dyno itself writes. */
export class DynoVoice {
  readonly #tools: Pick<DynoTools, 'logs' | 'lifetime'>;
  readonly #appId: AppId;
  readonly #name: DynoName;
  /** Said already, and waiting for the dyno's own lines from before; null: nothing waits. */
  #held: LogLine[] | null = null;

  constructor(tools: Pick<DynoTools, 'logs' | 'lifetime'>, appId: AppId, name: DynoName) {
    this.#tools = tools;
    this.#appId = appId;
    this.#name = name;
  }

  say(...messages: string[]): void {
    if (this.#tools.lifetime.aborted) return;
    const lines = platformLines(this.#name, messages);
    if (this.#held === null) this.#tools.logs.append(this.#appId, lines);
    else this.#held.push(...lines);
  }

  /** Comes into the log after the lines that the dyno has written by now; nobody has to wait for that. */
  sayAfterOutput(dyno: RunningDyno, message: string): void {
    const [line] = platformLines(this.#name, [message]);
    if (this.#tools.lifetime.aborted || line === undefined) return;
    if (this.#held !== null) {
      this.#held.push(line);
      return;
    }
    this.#held = [line];
    dyno.afterOutput(line.atMicros, () => {
      const held = this.#held ?? [];
      this.#held = null;
      this.#tools.logs.append(this.#appId, held);
    });
  }
}
