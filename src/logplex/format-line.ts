import type { StoredLine } from './frame.ts';

let lastSecond = -1n;
let lastSecondText = '';

/** `2010-09-16T15:13:46.677020+00:00 app[web.1]: message`, without a line end. Never more than one line. */
export function formatLine({ micros, origin, message }: StoredLine): string {
  return `${formatMicros(micros)} ${origin.source}[${origin.process}]: ${printable(message)}`;
}

export function formatMicros(micros: bigint): string {
  const second = micros / 1_000_000n;
  if (second !== lastSecond) {
    lastSecond = second;
    lastSecondText = new Date(Number(second) * 1000).toISOString().slice(0, 19);
  }
  return `${lastSecondText}.${String(micros % 1_000_000n).padStart(6, '0')}+00:00`;
}

/**
 * Bytes that are not UTF-8 become U+FFFD. A line end at the end goes; one inside (a progress bar's CR) becomes a space:
 * in an event stream either of them would start a new field, and so let an app write lines in another's name.
 */
function printable(message: Buffer): string {
  const text = message.toString('utf8');
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' ') : text;
}
