import { LineSplitter } from '../lib/line-splitter.ts';
import { nowMicros } from '../lib/micros.ts';
import type { AppId } from '../model/ids.ts';
import { buildLogOf, type AppLogWriter, type LogLine } from '../model/log.ts';
import type { BuildOutput } from '../model/build.ts';

/** Passes a build's output on to the pusher and keeps its lines in the app's build log (`heroku logs --dyno build`). */
export function recordOutput(appId: AppId, pusher: BuildOutput, logs: AppLogWriter): BuildOutput {
  const splitter = new LineSplitter(10_000);
  const buildLog = buildLogOf(appId);
  return {
    write(chunk) {
      pusher.write(chunk);
      const lines: LogLine[] = splitter
        .push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
        .map((message) => ({ atMicros: nowMicros(), source: 'app', process: 'build', message }));
      if (lines.length > 0) logs.append(buildLog, lines);
    },
  };
}
