import { hCodeOf, statusOf, type RouterFailure } from './h-codes.ts';

/** What the log tells of one request. Null: not known (never got so far). */
export interface RequestRecord {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly requestId: string;
  /** The whole X-Forwarded-For value as the dyno sees it. */
  readonly fwd: string;
  readonly dyno: string | null;
  readonly connectMs: number | null;
  readonly serviceMs: number | null;
  readonly status: number;
  readonly bytes: number | null;
  readonly protocol: 'http' | 'https';
  readonly failure: RouterFailure | null;
}

/** Heroku's router log line, keys in Heroku's order. Source: https://devcenter.heroku.com/articles/http-routing#heroku-router-log-format */
export function formatLogLine(record: RequestRecord): string {
  const { failure } = record;
  const status = failure === null ? record.status : statusOf(failure);
  return [
    ...(failure === null ? ['at=info'] : failureFields(failure)),
    `method=${record.method}`,
    `path="${quotable(record.path)}"`,
    `host=${record.host}`,
    `request_id=${record.requestId}`,
    `fwd="${quotable(record.fwd)}"`,
    `dyno=${record.dyno ?? ''}`,
    `connect=${milliseconds(record.connectMs)}`,
    `service=${milliseconds(record.serviceMs)}`,
    `status=${status}`,
    `bytes=${record.bytes ?? ''}`,
    `protocol=${record.protocol}`,
  ].join(' ');
}

function failureFields(failure: RouterFailure): string[] {
  const { at, desc, sock } = hCodeOf(failure);
  const detail = failure.detail ?? '';
  const text = failure.code === 'H25' ? `${desc}: ${detail}` : desc;
  return [
    ...(sock === undefined ? [] : [`sock=${sock}`]),
    `at=${at}`,
    `code=${failure.code}`,
    `desc="${text}"`,
    ...(failure.code === 'H26' ? [`cause="${detail}"`] : []),
  ];
}

/** Both come from the client: a quote in them must not end the field. */
function quotable(value: string): string {
  return value.replaceAll('"', '%22');
}

function milliseconds(value: number | null): string {
  return value === null ? '' : `${Math.max(0, Math.round(value))}ms`;
}
