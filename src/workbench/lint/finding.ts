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
  /** By their first line; without comments, and without the texts of here-documents. */
  readonly commands: readonly { readonly first: number; readonly text: string }[];
}
