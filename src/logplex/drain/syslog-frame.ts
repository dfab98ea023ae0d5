import type { LogSource } from '../../model/log.ts';
import { formatMicros } from '../format-line.ts';

export interface SyslogMessage {
  readonly micros: bigint;
  readonly source: LogSource;
  readonly process: string;
  readonly message: Uint8Array;
}

/** local7.info for what the app says, local3.info for what the platform says, local5.warning for a loss. Source: github.com/heroku/logplex */
const priorities = { app: 190, heroku: 158, loss: 172 } as const;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * One message as Logplex frames it: its length in bytes and a space (octet counting, RFC 6587), then
 * `<190>1 2012-11-30T06:45:26.123456+00:00 host app web.3 - message` and a line feed, which the length counts. It has no
 * STRUCTURED-DATA, unlike RFC 5424 and like Heroku. `hostName` is `host` for HTTPS and the drain's token for syslog.
 * Source: https://devcenter.heroku.com/articles/log-drains
 */
export function syslogFrame(hostName: string, line: SyslogMessage, kind: 'line' | 'loss' = 'line'): Buffer {
  const priority = kind === 'loss' ? priorities.loss : priorities[line.source];
  const head = `<${priority}>1 ${formatMicros(line.micros)} ${hostName} ${line.source} ${line.process} - `;
  const message = withoutLineEnd(line.message);
  const length = Buffer.byteLength(head) + message.length + 1;
  return Buffer.concat([Buffer.from(`${length} ${head}`), message, lineEnd]);
}

const lineEnd = Buffer.from('\n');

function withoutLineEnd(message: Uint8Array): Uint8Array {
  let end = message.length;
  while (end > 0 && (message[end - 1] === lineFeed || message[end - 1] === carriageReturn)) end -= 1;
  return message.subarray(0, end);
}
