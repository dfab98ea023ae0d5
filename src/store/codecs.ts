/** Turns the model's values into what both databases hold alike, and back. The only place that knows the encodings. */

export const toTime = (date: Date): string => date.toISOString();
export const fromTime = (text: string): Date => new Date(text);
export const toTimeOrNull = (date: Date | null): string | null => (date === null ? null : toTime(date));
export const fromTimeOrNull = (text: string | null): Date | null => (text === null ? null : fromTime(text));

export const toFlag = (value: boolean): number => (value ? 1 : 0);
export const fromFlag = (value: number): boolean => value !== 0;

export const toJson = (value: unknown): string => JSON.stringify(value);
export const fromJson = (text: string): unknown => JSON.parse(text);

/** Text from outside. PostgreSQL refuses NUL and SQLite keeps it; both get U+FFFD, so that a row can move between them. */
export const toText = (text: string): string => text.replaceAll('\0', '\uFFFD');
export const toTextOrNull = (text: string | null): string | null => (text === null ? null : toText(text));

/** By code unit. Sorted here, because PostgreSQL's order of text depends on the locale of its cluster. */
export function sortByText<T>(rows: readonly T[], textOf: (row: T) => string): readonly T[] {
  return rows.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0));
}
