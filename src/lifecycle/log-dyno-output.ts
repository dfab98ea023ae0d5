import type { DynoOutput } from '../model/dyno.ts';
import type { AppLogWriter, LogLine } from '../model/log.ts';

const lineFeed = 0x0a;

/** What a dyno wrote becomes lines of its app's log. The last line carries the reader's position, so that a restart goes on after it. */
export function logDynoOutput(output: DynoOutput, logs: AppLogWriter): void {
  const lines: LogLine[] = [];
  if (output.droppedLines > 0) {
    const message = `Error L12 (Local buffer overflow): ${output.droppedLines} messages dropped, ${output.name} wrote faster than its log could be read.`;
    lines.push({ atMicros: output.atMicros, source: 'heroku', process: 'logplex', message });
  }
  const { bytes } = output;
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(lineFeed, start);
    const stop = end === -1 ? bytes.length : end;
    lines.push({
      atMicros: output.atMicros,
      source: 'app',
      process: output.name,
      message: bytes.subarray(start, stop),
    });
    start = stop + 1;
  }
  const last = lines.at(-1);
  if (last === undefined) return;
  lines[lines.length - 1] = { ...last, cursor: { reader: output.dynoId, position: output.cursor } };
  logs.append(output.appId, lines);
}
