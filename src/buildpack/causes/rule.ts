/** How one kind of failure shows in what a build printed. */
export interface CauseRule {
  /** Tried on each line, without colours. */
  readonly pattern: RegExp;
  /** Tools that print a cascade say the reason first; tracebacks say it last. */
  readonly pick: 'first' | 'last';
  /** What to do about it. `{package}` is the package that brings the file named by the pattern's first group. */
  readonly next: string;
  /** A line of a real build that it is for. */
  readonly example: string;
}
