import { buildLogOf, type LogSource } from '../model/log.ts';
import type { App } from '../model/app.ts';
import type { ApiCall } from './api-call.ts';
import { booleanField, integerField, invalidField, objectBody, stringField } from './body.ts';
import { baseUrl } from './base-url.ts';
import { withApp, type Routes } from './route.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

const defaultLines = 100;
const maxLines = 1500;

export const logSessionRoutes: Routes = {
  'POST /apps/:app/log-sessions': withApp('view', createLogSession, { does: 'read' }),
};

function createLogSession(call: ApiCall, app: App): unknown {
  const body = objectBody(call.body);
  const lines = integerField(body, 'lines') ?? defaultLines;
  if (lines < 0) throw invalidField('lines', `must be from 0 to ${maxLines}`);
  if (lines > maxLines) call.warn(`The log keeps the last ${maxLines} lines for sessions; ${lines} were asked for.`);
  const tail = booleanField(body, 'tail') ?? false;
  const source = parseSource(stringField(body, 'source'));
  const process = stringField(body, 'dyno', 200) ?? stringField(body, 'type', 200);

  // The output of builds is a log of its own; it is asked for as if it were a dyno.
  const log = process === 'build' ? buildLogOf(app.id) : app.id;
  const filter = { ...(source === undefined ? {} : { source }), ...(process === undefined ? {} : { process }) };
  const { token } = call.platform.logplex.createSession(log, { lines: Math.min(lines, maxLines), tail, filter });
  const now = timestamp(new Date());
  call.reply.code(201);
  return {
    id: stableId('log-session', token),
    logplex_url: `${baseUrl(call)}/sessions/${token}`,
    created_at: now,
    updated_at: now,
  };
}

function parseSource(source: string | undefined): LogSource | undefined {
  if (source === undefined || source === 'app' || source === 'heroku') return source;
  throw invalidField('source', 'must be app or heroku');
}
