import { LineSplitter } from '../lib/line-splitter.ts';
import { nowMicros } from '../lib/micros.ts';
import type { Build, BuildOutput } from '../model/build.ts';
import { buildLogOf, type AppLogWriter, type LogLine } from '../model/log.ts';
import type { Platform } from './platform.ts';

/**
 * Passes a build's output on to the pusher, keeps it as the build's output stream, and its lines in the app's build log
 * (`heroku logs --dyno build`). Disposing it ends the stream.
 */
export function recordOutput(
  record: Pick<Build, 'id' | 'appId'>,
  pusher: BuildOutput,
  platform: Pick<Platform, 'logplex' | 'streams'>,
): BuildOutput & AsyncDisposable {
  const splitter = new LineSplitter(10_000);
  const buildLog = buildLogOf(record.appId);
  const stream = platform.streams.open(record.appId, record.id);
  const logs: AppLogWriter = platform.logplex;
  return {
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
    write(chunk) {
      pusher.write(chunk);
      stream.write(chunk);
      const lines: LogLine[] = splitter
        .push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
        .map((message) => ({ atMicros: nowMicros(), source: 'app', process: 'build', message }));
      if (lines.length > 0) logs.append(buildLog, lines);
    },
  };
}
