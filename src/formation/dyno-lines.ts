import { nowMicros } from '../lib/micros.ts';
import type { DynoName } from '../model/ids.ts';
import type { ListeningPlace } from '../model/dyno.ts';
import type { LogLine } from '../model/log.ts';

/** Lines of the dyno manager: `heroku[web.1]: <message>`. */
export function platformLines(name: DynoName, messages: readonly string[]): readonly LogLine[] {
  return messages.map((message) => ({ atMicros: nowMicros(), source: 'heroku', process: name, message }));
}

/**
 * The command as the log shows it. Heroku expands every variable and so leaks secrets that are written into a command;
 * here only `$PORT` is.
 */
export function expandPort(command: string, port: number | null): string {
  if (port === null) return command;
  return command.replace(/\$\{PORT\}|\$PORT(?![A-Za-z0-9_])/g, String(port));
}

/** Texts: https://devcenter.heroku.com/articles/error-codes */
export function r10(bootTimeoutMs: number): string {
  const seconds = Math.round(bootTimeoutMs / 1000);
  return `Error R10 (Boot timeout) -> Web process failed to bind to $PORT within ${seconds} seconds of launch`;
}

/** Why nobody can reach a web process that does listen, just not on `$PORT`; null: it listens nowhere. */
export function missedPort(places: readonly ListeningPlace[], port: number): string | null {
  const ports = [...new Set(places.map((place) => place.port))].sort((a, b) => a - b);
  if (ports.includes(port)) return `It listens on $PORT (${port}) of 127.0.0.1 only: let it listen on 0.0.0.0`;
  if (ports.length === 0) return null;
  const shown = `${ports.slice(0, 3).join(', ')}${ports.length > 3 ? ', ...' : ''}`;
  return `It listens on port ${shown} instead of $PORT (${port}): let it read the port from the environment variable PORT`;
}

export function r12(graceMs: number): string {
  const seconds = Math.round(graceMs / 1000);
  return `Error R12 (Exit timeout) -> At least one process failed to exit within ${seconds} seconds of SIGTERM`;
}
