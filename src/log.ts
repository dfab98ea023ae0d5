import { destination, pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

/**
 * The platform's own log: JSON lines on standard error, made readable on a terminal. Messages are fixed sentences,
 * facts are fields. Config vars, tokens and request headers are never fields.
 */
export interface Logs {
  readonly platform: Logger;
  readonly receiver: Logger;
  readonly api: Logger;
  readonly rendezvous: Logger;
  readonly build: Logger;
  readonly release: Logger;
  readonly formation: Logger;
  readonly dyno: Logger;
  readonly router: Logger;
  readonly logplex: Logger;
  readonly store: Logger;
  readonly webhook: Logger;
  readonly acme: Logger;
}

export type { Logger };

export function openLogs(level: string, terminal: boolean): Logs {
  const redact = ['token', 'password', 'authorization', '*.token', '*.password', '*.authorization'];
  const stream = terminal
    ? pretty({ destination: 2, sync: true, colorize: true })
    : destination({ dest: 2, sync: true });
  const root = pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  const room = (name: string): Logger => root.child({ room: name });
  return {
    platform: room('platform'),
    receiver: room('receiver'),
    api: room('api'),
    rendezvous: room('rendezvous'),
    build: room('build'),
    release: room('release'),
    formation: room('formation'),
    dyno: room('dyno'),
    router: room('router'),
    logplex: room('logplex'),
    store: room('store'),
    webhook: room('webhook'),
    acme: room('acme'),
  };
}
