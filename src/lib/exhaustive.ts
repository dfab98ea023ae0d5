/** The `default:` of every switch over a union: the compiler complains when a case is missing. */
export function exhaustive(value: never): never {
  throw new Error(`Internal: unexpected ${JSON.stringify(value)}`);
}
