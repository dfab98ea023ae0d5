export type LintLevel = 'error' | 'warning' | 'note';

export interface Finding {
  readonly rule: string;
  /** `error`: does not work, or not everywhere. `warning`: goes wrong some day. `note`: a question of taste. */
  readonly level: LintLevel;
  /** From the buildpack's folder. */
  readonly path: string;
  /** Null: the whole file. */
  readonly line: number | null;
  /** What is wrong, and what to do instead. */
  readonly message: string;
}

/** A file of a buildpack as rules see it. */
export interface Script {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
  /** Without comments: what is left of each line. */
  readonly code: readonly string[];
}
