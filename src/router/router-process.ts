import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { ControlServer } from './control-server.ts';
import { protocolVersion } from './control-protocol.ts';
import { DynoTraffic } from './dyno-traffic.ts';
import { FrontDoor } from './front-door.ts';
import { RequestMetrics } from './request-metrics.ts';
import { defaultLimits } from './limits.ts';
import { LogOutbox } from './log-outbox.ts';
import { passRawConnection } from './raw-connection.ts';
import { removeOwnPidFile, writePidFile } from './pid-file.ts';
import { report } from './process-report.ts';
import { PublicServer } from './public-server.ts';
import type { RouteTools } from './route-request.ts';
import { fingerprintOf, type RouterSettings, type StartReport } from './router-settings.ts';
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
  const metrics = new RequestMetrics();
  const tools: RouteTools = { table, traffic, limits, outbox, metrics, backlog: new Map() };
  const door = new FrontDoor(settings, tools);
  const server = new PublicServer(
    { ...settings, limits, table, requestOn: door.requestOn },
    door.take,
    door.onFault,
    (socket, protocol) => {
      passRawConnection(socket, protocol, settings.rendezvousSocket);
    },
  );
  wanted = settings.port;
  const port = await server.listen(settings.bind, settings.port);
  if (settings.execPort !== null && settings.execPort !== port) {
    wanted = settings.execPort;
    await server.listen(settings.bind, settings.execPort);
  }
  const runId = randomUUID();
  const hello = { type: 'hello', protocol: protocolVersion, runId, pid: process.pid, port } as const;
  const control = new ControlServer({
    table,
    traffic,
    outbox,
    metrics,
    hello: { ...hello, settings: fingerprintOf(settings) },
  });
  await control.listen(settings.controlSocket);
  await writePidFile(settings.pidFile);

  const stop = (): void => {
    server.close();
    control.close();
    removeOwnPidFile(settings.pidFile);
    const deadline = Date.now() + limits.stopMs;
    const whenQuiet = (): void => {
      if (Date.now() < deadline && (door.underWay > 0 || !outbox.isEmpty)) setTimeout(whenQuiet, 50);
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

function tell(startReport: StartReport): void {
  process.stdout.write(`${JSON.stringify(startReport)}\n`);
}

/** The port that is being opened. */
let wanted = 0;

try {
  await main();
} catch (error) {
  const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException;
  tell({ is: 'failed', code, message, port: wanted });
  process.exitCode = 1;
}
