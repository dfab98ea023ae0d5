import type { AppRoute, RouteChallenge } from '../model/route.ts';
import { forwardedPort, goneSignal, type ClientRequest } from './client-request.ts';
import { sendErrorPage, sendNoSuchApp, sendPlain } from './error-page.ts';
import { exchange, type ExchangeEnd } from './exchange.ts';
import { statusOf, type RouterFailure } from './h-codes.ts';
import { endToEnd, valuesOf } from './headers.ts';
import { formatLogLine } from './log-line.ts';
import type { LogOutbox } from './log-outbox.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { reachDyno, type ReachTools, type ReachedDyno } from './reach-dyno.ts';

/** As Heroku's router names itself, in requests and answers. */
const via = '1.1 vegur';

export interface RouteTools extends ReachTools {
  readonly outbox: LogOutbox;
  readonly metrics: RequestMetrics;
}

interface Served {
  readonly end: ExchangeEnd;
  readonly dyno: ReachedDyno | null;
  readonly dynoName: string | null;
}

/** Sends a request to a web dyno of the app that answers at its host, or answers with an error page, and logs it once. */
export async function routeRequest(client: ClientRequest, tools: RouteTools): Promise<void> {
  const route = await findApp(client, tools);
  if (route === null) {
    sendNoSuchApp(client.response);
    return;
  }
  const proof = challengeAnswer(client, route);
  if (proof !== null) {
    sendPlain(client.response, 200, proof);
    return;
  }
  const served = await serve(client, route, tools);
  if (served === null) {
    sendNoSuchApp(client.response);
    return;
  }
  const { failure } = served.end;
  if (failure !== null && !client.response.headersSent && !client.response.destroyed)
    answer(client, failure, route, tools);
  record(client, route, served, tools);
}

/**
 * What a certificate authority is told that asks for exactly what it was promised; also when the app has no dyno, or is in
 * maintenance mode. Every other request below the path is the app's. It is not logged: it is none of the app's visitors.
 */
function challengeAnswer({ host, path, request }: ClientRequest, { challenges }: AppRoute): string | null {
  const prefix = '/.well-known/acme-challenge/';
  if (!path.startsWith(prefix) || request.method !== 'GET') return null;
  const isAsked = (challenge: RouteChallenge): boolean =>
    challenge.host === host.name && path === `${prefix}${challenge.token}`;
  return challenges.find(isAsked)?.answer ?? null;
}

/** A request that is refused before a dyno is looked for (H26); logged if an app answers at its host. */
export function refuseRequest(client: ClientRequest, failure: RouterFailure, tools: RouteTools): void {
  client.response.shouldKeepAlive = false;
  const route = tools.table.appAt(client.host.name);
  sendErrorPage(client.response, failure, route?.pages ?? null);
  if (route === null) return;
  const end: ExchangeEnd = { status: 0, bytes: 0, failure };
  record(client, route, { end, dyno: null, dynoName: null }, tools);
}

/** One log line and one count for each request. */
function record(client: ClientRequest, route: AppRoute, served: Served, { outbox, metrics }: RouteTools): void {
  outbox.append(route.appId, logLine(client, served));
  const { failure, status } = served.end;
  metrics.count(route.appName, {
    status: failure === null ? status : statusOf(failure),
    errorCode: failure?.code ?? null,
    ms: Date.now() - client.startedAt,
  });
}

/** While the control plane has not yet told all routes to a new router, an unknown host may only be a late one. */
async function findApp(client: ClientRequest, { table, limits }: RouteTools): Promise<AppRoute | null> {
  let route = table.appAt(client.host.name);
  if (route !== null || table.isComplete()) return route;
  const deadline = Date.now() + limits.platformWaitMs;
  const gone = goneSignal(client);
  while (route === null && !table.isComplete() && !gone.aborted && Date.now() < deadline) {
    await table.nextChangeOfAny(deadline - Date.now(), gone);
    route = table.appAt(client.host.name);
  }
  return route;
}

/** Null: the app was removed while the request waited. */
async function serve(client: ClientRequest, route: AppRoute, tools: RouteTools): Promise<Served | null> {
  const reach = await reachDyno(route.appId, tools, goneSignal(client));
  switch (reach.is) {
    case 'no-app':
      return null;
    case 'client-gone':
      return { end: { status: 0, bytes: 0, failure: goneFailure(client) }, dyno: null, dynoName: null };
    case 'failed':
      return {
        end: { status: 0, bytes: 0, failure: reach.failure },
        dyno: null,
        dynoName: reach.target?.name ?? null,
      };
    case 'reached':
      return { end: await send(client, reach, tools), dyno: reach, dynoName: reach.target.name };
  }
}

function goneFailure({ fault }: ClientRequest): RouterFailure {
  return fault.cause === null ? { code: 'H27' } : { code: 'H26', detail: fault.cause };
}

async function send(client: ClientRequest, dyno: ReachedDyno, { limits, traffic }: RouteTools): Promise<ExchangeEnd> {
  let counted = true;
  const release = (): void => {
    if (counted) traffic.end(dyno.target.dynoId);
    counted = false;
  };
  try {
    return await exchange({
      client,
      backend: dyno.socket,
      path: client.path,
      headers: requestHeaders(client, dyno.connectMs),
      via,
      rules: { firstByteMs: limits.firstByteMs, idleMs: limits.idleMs, onlyClient: false },
      resumableEvents: false,
      // A WebSocket may stay for days: it does not keep its dyno from being stopped.
      onUpgraded: release,
    });
  } finally {
    release();
  }
}

const replaced = new Set([
  'host',
  'content-length',
  'expect',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-request-start',
  'x-request-id',
  'connect-time',
  'total-route-time',
  'via',
]);

/** Source: https://devcenter.heroku.com/articles/http-routing#heroku-headers */
function requestHeaders(client: ClientRequest, connectMs: number): string[] {
  const { request } = client;
  const [host = ''] = valuesOf(request.rawHeaders, 'host');
  return [
    'Host',
    host,
    ...endToEnd(request.rawHeaders, replaced),
    'X-Request-Id',
    client.requestId,
    'X-Forwarded-For',
    forwardedFor(client),
    'X-Forwarded-Proto',
    client.protocol,
    'X-Forwarded-Port',
    forwardedPort(client),
    'Via',
    [...valuesOf(request.rawHeaders, 'via'), via].join(', '),
    'Connect-Time',
    String(Math.round(connectMs)),
    'X-Request-Start',
    String(client.startedAt),
    'Total-Route-Time',
    String(Math.max(0, Date.now() - client.startedAt)),
  ];
}

/** What the client sent is kept in front; only the last element can be trusted. */
function forwardedFor(client: ClientRequest): string {
  return [...valuesOf(client.request.rawHeaders, 'x-forwarded-for'), client.ip].join(', ');
}

/** The pages may have changed while the request waited. */
function answer(
  client: ClientRequest,
  failure: RouterFailure,
  { appId, pages }: AppRoute,
  { table }: RouteTools,
): void {
  if (failure.code === 'H27' || failure.code === 'H28') client.response.destroy();
  else sendErrorPage(client.response, failure, table.routeOf(appId)?.pages ?? pages);
}

function logLine(client: ClientRequest, { end, dyno, dynoName }: Served): string {
  return formatLogLine({
    method: client.request.method ?? '',
    path: client.path,
    host: client.host.name,
    requestId: client.requestId,
    fwd: forwardedFor(client),
    dyno: dynoName,
    connectMs: dyno?.connectMs ?? null,
    serviceMs: dyno === null ? null : Date.now() - client.startedAt - dyno.connectMs,
    status: end.status,
    bytes: dyno === null ? null : end.bytes,
    protocol: client.protocol,
    failure: end.failure,
  });
}
