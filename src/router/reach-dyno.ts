import { createConnection, type Socket } from 'node:net';
import type { AppId, DynoId } from '../model/ids.ts';
import type { AppRoute, RouteTarget } from '../model/route.ts';
import { exhaustive } from '../lib/exhaustive.ts';
import type { DynoTraffic } from './dyno-traffic.ts';
import type { RouterFailure } from './h-codes.ts';
import type { RouterLimits } from './limits.ts';
import type { RoutingTable } from './routing-table.ts';

/** A connection to a dyno of the app; `traffic.begin` has been called for it, the caller calls `traffic.end`. */
export interface ReachedDyno {
  readonly is: 'reached';
  readonly target: RouteTarget;
  readonly socket: Socket;
  readonly connectMs: number;
}

export type Reach =
  | ReachedDyno
  /** `target`: the last one that was tried. */
  | { readonly is: 'failed'; readonly failure: RouterFailure; readonly target: RouteTarget | null }
  /** The app is gone from the table. */
  | { readonly is: 'no-app' }
  | { readonly is: 'client-gone' };

export interface ReachTools {
  readonly table: RoutingTable;
  readonly traffic: DynoTraffic;
  readonly limits: RouterLimits;
  /** Requests of each app that wait for a dyno. */
  readonly backlog: Map<AppId, number>;
}

interface Attempts {
  readonly tried: Set<DynoId>;
  last: { readonly failure: RouterFailure; readonly target: RouteTarget } | null;
  count: number;
}

/**
 * Opens a connection to one of the app's web dynos, chosen at random. Waits while they are starting or all quarantined,
 * tries another when one cannot be reached. The table is read anew before every attempt, and always for the same app.
 */
export async function reachDyno(appId: AppId, tools: ReachTools, signal: AbortSignal): Promise<Reach> {
  const { table, limits } = tools;
  const deadline = Date.now() + limits.bootWaitMs;
  const attempts: Attempts = { tried: new Set(), last: null, count: 0 };
  let pauseMs = 100;
  let waiting = false;
  try {
    for (;;) {
      const route = table.routeOf(appId);
      if (signal.aborted) return { is: 'client-gone' };
      if (route === null) return { is: 'no-app' };
      const refusal = refusalOf(route);
      if (refusal !== null) return { is: 'failed', failure: refusal, target: null };
      const reached = await tryDynos(route, tools, attempts, signal);
      if (reached !== null) return reached;
      const remainingMs = deadline - Date.now();
      const reason = waitReason(route, tools);
      if (remainingMs <= 0) return { is: 'failed', failure: { code: reason }, target: null };
      if (!waiting && !enterBacklog(route, tools)) return { is: 'failed', failure: { code: 'H11' }, target: null };
      waiting = true;
      // A starting app is announced by a change of the table; a quarantine ends by itself.
      const waitMs = route.web === 'starting' ? remainingMs : Math.min(pauseMs, remainingMs);
      pauseMs = Math.min(pauseMs * 2, 1_000);
      if (table.routeOf(appId) === route) await table.nextChange(appId, waitMs, signal);
    }
  } finally {
    if (waiting) leaveBacklog(appId, tools.backlog);
  }
}

/** Null when a dyno is, or soon may be, there. */
function refusalOf(route: AppRoute): RouterFailure | null {
  if (route.maintenance) return { code: 'H80' };
  switch (route.web) {
    case 'blank':
      return { code: 'H81' };
    case 'none':
      return { code: 'H14' };
    case 'crashed':
      return { code: 'H10' };
    case 'starting':
    case 'up':
      return null;
    default:
      return exhaustive(route.web);
  }
}

/** Null: there is nothing to try for now, or the table has changed meanwhile. */
async function tryDynos(
  route: AppRoute,
  { table, traffic, limits }: ReachTools,
  attempts: Attempts,
  signal: AbortSignal,
): Promise<Reach | null> {
  if (route.web !== 'up') return null;
  for (;;) {
    const usable = route.targets.filter(
      ({ dynoId }) =>
        !attempts.tried.has(dynoId) && !traffic.isQuarantined(dynoId) && traffic.active(dynoId) < limits.activePerDyno,
    );
    const target = usable[Math.floor(Math.random() * usable.length)];
    if (target === undefined) {
      const allTried = route.targets.every(({ dynoId }) => attempts.tried.has(dynoId));
      return allTried && attempts.last !== null ? { is: 'failed', ...attempts.last } : null;
    }
    const outcome = await connect(target, traffic, limits.connectMs, signal);
    if (outcome.is === 'reached' || outcome.is === 'client-gone') return outcome;
    attempts.tried.add(target.dynoId);
    attempts.last = { failure: outcome.failure, target };
    if (++attempts.count >= limits.maxAttempts) return outcome;
    if (table.routeOf(route.appId) !== route) return null;
  }
}

/** Why nothing could be tried: also what is answered when the wait is over. */
function waitReason(route: AppRoute, { traffic }: ReachTools): 'H11' | 'H20' | 'H34' {
  if (route.web === 'starting') return 'H20';
  return route.targets.every(({ dynoId }) => traffic.isQuarantined(dynoId)) ? 'H34' : 'H11';
}

async function connect(
  target: RouteTarget,
  traffic: DynoTraffic,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ReachedDyno | { is: 'failed'; failure: RouterFailure; target: RouteTarget } | { is: 'client-gone' }> {
  traffic.begin(target.dynoId);
  const startedAt = performance.now();
  const outcome = await openSocket(target, timeoutMs, signal);
  if (typeof outcome !== 'string') {
    traffic.reached(target.dynoId);
    return { is: 'reached', target, socket: outcome, connectMs: performance.now() - startedAt };
  }
  if (outcome !== 'client-gone') traffic.quarantine(target.dynoId);
  traffic.end(target.dynoId);
  if (outcome === 'client-gone') return { is: 'client-gone' };
  return { is: 'failed', failure: { code: outcome === 'timeout' ? 'H19' : 'H21' }, target };
}

function openSocket(
  { host, port }: RouteTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket | 'timeout' | 'refused' | 'client-gone'> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, noDelay: true, allowHalfOpen: true });
    const finish = (outcome: Socket | 'timeout' | 'refused' | 'client-gone'): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      if (outcome === socket) socket.off('error', onError);
      else socket.destroy();
      resolve(outcome);
    };
    const onConnect = (): void => {
      finish(socket);
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      finish(error.code === 'ETIMEDOUT' ? 'timeout' : 'refused');
    };
    const onAbort = (): void => {
      finish('client-gone');
    };
    const timer = setTimeout(() => {
      finish('timeout');
    }, timeoutMs);
    socket.on('connect', onConnect);
    socket.on('error', onError);
    signal.addEventListener('abort', onAbort);
  });
}

function enterBacklog(route: AppRoute, { backlog, limits }: ReachTools): boolean {
  const waiting = backlog.get(route.appId) ?? 0;
  if (waiting >= limits.backlogPerDyno * Math.max(1, route.targets.length)) return false;
  backlog.set(route.appId, waiting + 1);
  return true;
}

function leaveBacklog(appId: AppId, backlog: Map<AppId, number>): void {
  const waiting = (backlog.get(appId) ?? 1) - 1;
  if (waiting > 0) backlog.set(appId, waiting);
  else backlog.delete(appId);
}
