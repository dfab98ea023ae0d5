import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { clientRequest, responseOn, type ClientRequest } from './client-request.ts';
import { ControlServer } from './control-server.ts';
import { protocolVersion } from './control-protocol.ts';
import { DynoTraffic } from './dyno-traffic.ts';
import { sendPlain } from './error-page.ts';
import { isPlatformHost, parseHostName } from './host-name.ts';
import { defaultLimits } from './limits.ts';
import { LogOutbox } from './log-outbox.ts';
import { removeOwnPidFile, writePidFile } from './pid-file.ts';
import { platformRequest } from './platform-request.ts';
import { report } from './process-report.ts';
import { PublicServer, type Incoming } from './public-server.ts';
import { refuseRequest, routeRequest, type RouteTools } from './route-request.ts';
import { fingerprintOf, type RouterSettings, type StartReport } from './router-settings.ts';
import { targetOf } from './request-target.ts';
import { RoutingTable } from './routing-table.ts';

/** The router process: owns the public port, outlives the control plane, and is told by it which app answers where. */
async function main(): Promise<void> {
  const settings = JSON.parse(await text(process.stdin)) as RouterSettings;
  const limits = { ...defaultLimits, ...settings.limits };
  const table = new RoutingTable();
  const traffic = new DynoTraffic(limits.quarantineMs);
  const outbox: LogOutbox = new LogOutbox(() => {
    control.onLine();
  });
  const tools: RouteTools = { table, traffic, limits, outbox, backlog: new Map() };
  const underWay = new Set<ClientRequest>();
  const server = new PublicServer({ ...settings, limits }, (incoming, response) => {
    void take(incoming, response, settings, tools, underWay);
  });
  const port = await server.listen(settings.bind, settings.port);
  const runId = randomUUID();
  const hello = { type: 'hello', protocol: protocolVersion, runId, pid: process.pid, port } as const;
  const control = new ControlServer({ table, traffic, outbox, hello: { ...hello, settings: fingerprintOf(settings) } });
  await control.listen(settings.controlSocket);
  await writePidFile(settings.pidFile);

  const stop = (): void => {
    server.close();
    control.close();
    removeOwnPidFile(settings.pidFile);
    const deadline = Date.now() + limits.stopMs;
    const whenQuiet = (): void => {
      if (Date.now() < deadline && (underWay.size > 0 || !outbox.isEmpty)) setTimeout(whenQuiet, 50);
      else process.exit(0);
    };
    whenQuiet();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // The public port stays open through a fault of one request; it is reported, and that request fails.
  process.on('uncaughtException', (error) => {
    report('a request failed unexpectedly', error);
  });
  tell({ is: 'listening', port });
}

/** Checks what every request must have, and sends it to the platform or to an app. Never rejects. */
async function take(
  incoming: Incoming,
  given: ServerResponse | null,
  settings: RouterSettings,
  tools: RouteTools,
  underWay: Set<ClientRequest>,
): Promise<void> {
  const { request, upgrade, fault, expectsContinue } = incoming;
  const response = given ?? (upgrade === null ? null : responseOn(upgrade, request));
  if (response === null) throw new Error('Internal: a request without a way to answer it');
  const target = targetOf(request);
  const host = target === null ? null : parseHostName(target.host);
  if (target === null || host === null) {
    response.shouldKeepAlive = false;
    sendPlain(response, 400, 'Bad request: the request needs a valid Host header and target.');
    return;
  }
  const client = clientRequest(request, response, { host, path: target.path }, { expectsContinue, upgrade });
  const platform = isPlatformHost(host.name, settings.domain);
  if (fault !== null) {
    response.shouldKeepAlive = false;
    if (platform) sendPlain(response, fault.status, `Bad request: ${fault.cause}`);
    else refuseRequest(client, { code: 'H26', detail: fault.cause, status: fault.status }, tools);
    return;
  }
  underWay.add(client);
  try {
    if (platform) await platformRequest(client, settings.platformSocket, tools.limits);
    else await routeRequest(client, tools);
    endUnreadBody(client);
  } catch (error) {
    report('a request failed unexpectedly', error);
    request.socket.destroy();
  } finally {
    underWay.delete(client);
  }
}

/** A request that was answered before its body had come: what is still on its way is read and thrown away, but not for ever. */
function endUnreadBody({ request, upgrade }: ClientRequest): void {
  if (upgrade !== null || request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), 10_000);
  timer.unref();
  request.once('close', () => {
    clearTimeout(timer);
  });
  request.once('end', () => {
    clearTimeout(timer);
  });
}

function tell(startReport: StartReport): void {
  process.stdout.write(`${JSON.stringify(startReport)}\n`);
}

try {
  await main();
} catch (error) {
  const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException;
  tell({ is: 'failed', code, message });
  process.exitCode = 1;
}
