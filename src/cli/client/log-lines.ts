import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { ClientError } from './client-error.ts';
import { EventStreamParser } from './event-stream.ts';
import type { Output } from './output.ts';

export interface LogSelection {
  readonly dyno?: string | undefined;
  readonly source?: string | undefined;
  readonly lines?: number;
  readonly tail: boolean;
}

/**
 * Prints an app's log. A tail goes on until the reader goes away or is interrupted; when the platform ends the stream (a
 * restart), it comes back and asks for what it has not seen.
 */
export async function printLog(api: ApiClient, output: Output, app: string, selection: LogSelection): Promise<void> {
  const session = (await api.request(`/apps/${app}/log-sessions`, { method: 'POST', body: selection })) as {
    readonly logplex_url: string;
  };
  const reader = new AbortController();
  process.stdout.once('error', () => {
    reader.abort();
  });
  const parser = new EventStreamParser();
  const paint = lineColours(output);
  let last: string | null = null;
  let isFirst = true;
  do {
    if (!isFirst) await wait(parser.retryMs ?? 3_000, undefined, { signal: reader.signal }).catch(() => undefined);
    const response = await open(api, session.logplex_url, last, reader.signal, isFirst);
    isFirst = false;
    if (response === null) continue;
    try {
      response.setEncoding('utf8');
      for await (const text of response as AsyncIterable<string>) {
        for (const event of parser.push(text)) {
          last = event.id;
          for (const line of event.data.trim().split(/\n+/)) output.line(paint(line));
        }
      }
    } catch (error) {
      // Cut off: a tail comes back, the rest is lost to one that does not.
      if (!selection.tail && !reader.signal.aborted) throw cutOff(error);
    }
  } while (selection.tail && !reader.signal.aborted);
}

/** Null when the platform is away for a moment during a tail. */
async function open(
  api: ApiClient,
  url: string,
  last: string | null,
  signal: AbortSignal,
  isFirst: boolean,
): Promise<IncomingMessage | null> {
  const headers = {
    accept: 'text/event-stream',
    'cache-control': 'no-cache',
    ...(last === null ? {} : { 'last-event-id': last }),
  };
  let response: IncomingMessage;
  try {
    response = await api.stream(url, headers, signal);
  } catch (error) {
    if (isFirst && !signal.aborted) throw error;
    return null;
  }
  const status = response.statusCode ?? 0;
  if (status === 200) return response;
  response.resume();
  if (!isFirst && status >= 500) return null;
  throw status === 404 || status === 403
    ? new ClientError('Log stream timed out. Please try again.', { kind: 'refusal', exitCode: 1 })
    : new ClientError(`Logs eventsource failed with: ${status}`, { kind: 'refusal', exitCode: 1 });
}

function cutOff(cause: unknown): ClientError {
  return new ClientError('The log was cut off before its end. Try again.', { cause });
}

/** Colours what is before the colon by its process type, so that types can be told apart. */
function lineColours({ paint }: Output): (line: string) => string {
  const colours = [paint.warning, paint.success, paint.user, paint.name, paint.info];
  const types = ['run', 'router', 'web'];
  return (line) => {
    const match = /^(.*?\[([\w-]+)[\d.]*\]:)(.*)$/s.exec(line);
    const [, head, type, rest] = match ?? [];
    if (head === undefined || type === undefined || rest === undefined) return line;
    if (!types.includes(type)) types.push(type);
    const colour = colours[types.indexOf(type) % colours.length] ?? paint.info;
    return `${colour(head)}${rest}`;
  };
}
