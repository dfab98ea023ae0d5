/** The one place that reads the process environment. Everything is an optional string here; config.ts decides what it means. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function readEnvironment(): Environment {
  return { ...process.env };
}
