/** `2012-01-01T12:00:00Z`, as the Platform API writes times. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Of what has always been there: stacks, regions, dyno sizes. */
export const always = '2026-01-01T00:00:00Z';
