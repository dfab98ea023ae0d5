/** An app, or a script of somebody's buildpack, that fails for one known reason. */
export interface BrokenApp {
  /** A buildpack of the platform, or `script`: what a third-party bin/compile would run, in the app's folder. */
  readonly kind: string;
  readonly title: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly script?: string;
  readonly configVars?: Readonly<Record<string, string>>;
  /** What a summary that names the true cause holds. */
  readonly cause: RegExp;
}

export type Row = readonly [title: string, what: Readonly<Record<string, string>> | string, cause: RegExp];

/** Rows of one kind; `base` are the files of an app that builds. */
export function broken(
  kind: string,
  base: Readonly<Record<string, string>>,
  rows: readonly Row[],
): readonly BrokenApp[] {
  return rows.map(([title, what, cause]) =>
    typeof what === 'string'
      ? { kind, title, files: base, script: what, cause }
      : { kind, title, files: { ...base, ...what }, cause },
  );
}
