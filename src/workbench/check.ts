import { parsePattern } from './pattern.ts';
import type { Named } from './case-schema.ts';

/** One thing that a case expects. */
export interface Check {
  readonly name: string;
  /** What was expected and what was found; null: all is well. */
  readonly fault: string | null;
}

export function check(name: string, isMet: boolean, fault: () => string): Check {
  return { name, fault: isMet ? null : fault() };
}

/** A check for each name that a case expects something of. */
export function checkNamed(
  what: string,
  expected: Named | undefined,
  found: Readonly<Record<string, unknown>>,
): readonly Check[] {
  return Object.entries(expected ?? {}).map(([name, wanted]) => {
    const value = found[name];
    if (wanted === null) {
      return check(`${what} ${name}`, value === undefined, () => `expected none, found ${quoted(value)}`);
    }
    const isMet = value !== undefined && parsePattern(String(wanted)).is(textOf(value));
    return check(`${what} ${name}`, isMet, () => {
      const names = Object.keys(found).slice(0, 30).join(', ');
      const there =
        value === undefined
          ? `there is none; there are ${names === '' ? 'none at all' : names}`
          : `found ${quoted(value)}`;
      return `expected ${String(wanted)}, ${there}`;
    });
  });
}

export function quoted(value: unknown): string {
  const text = JSON.stringify(textOf(value));
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}

/** Plain values as they are written. */
function textOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
