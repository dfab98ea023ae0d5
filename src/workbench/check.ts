/** One thing that a case expects. */
export interface Check {
  readonly name: string;
  /** What was expected and what was found; null: all is well. */
  readonly fault: string | null;
}

export function check(name: string, isMet: boolean, fault: () => string): Check {
  return { name, fault: isMet ? null : fault() };
}
