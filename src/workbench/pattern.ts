/** What a case expects of a text: `/a.c/i` is a regular expression, anything else is the text itself. */
export interface Pattern {
  /** As it is written in the case. */
  readonly text: string;
  /** The text is the expected one, or the expression matches in it. */
  is(found: string): boolean;
  /** The text holds the expected one, or the expression matches in it. */
  isIn(found: string): boolean;
}

const expression = /^\/(.+)\/([imsu]*)$/s;

export function parsePattern(text: string): Pattern {
  const [, source, flags] = expression.exec(text) ?? [];
  if (source === undefined) return { text, is: (found) => found === text, isIn: (found) => found.includes(text) };
  const regex = new RegExp(source, flags);
  return { text, is: (found) => regex.test(found), isIn: (found) => regex.test(found) };
}

/** Why it can't be used as a pattern; null: it can. */
export function patternFault(text: string): string | null {
  try {
    parsePattern(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'not a regular expression';
  }
}
