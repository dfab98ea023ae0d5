import type { VersionedAnswer } from './versioned-app.ts';

interface Epoch {
  /** Seconds, by the clock of this machine. */
  readonly beganAt: number;
  readonly version: number;
  readonly stamp: number;
  /** Grows from one to the next. After one that has failed, it is again that of the one before. */
  readonly place: number;
  /** Its dynos may answer: it is not one that must fail. */
  readonly mayAnswer: boolean;
}

/**
 * What dynos must answer by when they started. A rollback makes an old version the newest answer, so versions alone do not
 * tell an old answer from a new one.
 */
export class DeployHistory {
  readonly #epochs: Epoch[] = [];

  /** Dynos that start from now on are of this version and stamp. Returns its place, for `Load.expect`. */
  begin(version: number, stamp: number, mayAnswer = true): number {
    const place = this.#epochs.length + 1;
    this.#epochs.push({ beganAt: Date.now() / 1000, version, stamp, place, mayAnswer });
    return place;
  }

  /** The last one has failed: dynos that start from now on are of the one before. */
  abandon(): void {
    const failed = this.#epochs.at(-1);
    const before = this.#epochs.findLast(({ mayAnswer }) => mayAnswer);
    if (failed === undefined || before === undefined || failed.mayAnswer)
      throw new Error('there is nothing to abandon');
    this.#epochs.push({ ...before, beganAt: Date.now() / 1000 });
  }

  /** The place of an answer. Throws when its dyno is of a release that must not run, or not what ran when it started. */
  readonly order = ({ version, stamp, started, dyno }: VersionedAnswer): readonly [number, number] => {
    const epoch = this.#epochs.findLast(({ beganAt }) => beganAt <= started);
    if (epoch === undefined) throw new Error(`${dyno} of version ${version} started before the first deploy`);
    const isSame = epoch.version === version && epoch.stamp === stamp;
    if (!isSame || !epoch.mayAnswer) {
      const due = `${epoch.mayAnswer ? '' : 'not '}${epoch.version}/${epoch.stamp}`;
      throw new Error(`${dyno} answers ${version}/${stamp}, due was ${due}`);
    }
    return [epoch.place, 0];
  };
}
