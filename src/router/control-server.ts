import { createServer, type Server, type Socket } from 'node:net';
import { chmod, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { exhaustive } from '../lib/exhaustive.ts';
import {
  readMessages,
  writeMessage,
  type FromRouter,
  type RouterHello,
  type ToRouter,
  type WireLogs,
} from './control-protocol.ts';
import type { DynoTraffic } from './dyno-traffic.ts';
import type { LogBatch, LogOutbox } from './log-outbox.ts';
import type { RequestMetrics } from './request-metrics.ts';
import type { RoutingTable } from './routing-table.ts';

/** Lines are gathered this long before they are sent. */
const logDelayMs = 50;

export interface ControlServerTools {
  readonly table: RoutingTable;
  readonly traffic: DynoTraffic;
  readonly outbox: LogOutbox;
  readonly metrics: RequestMetrics;
  readonly hello: RouterHello;
}

/** The router's end of the control socket. One control plane at a time: a newer one takes the place of the older. */
export class ControlServer {
  readonly #tools: ControlServerTools;
  readonly #server: Server;
  #peer: Socket | null = null;
  #willSend = false;

  constructor(tools: ControlServerTools) {
    this.#tools = tools;
    this.#server = createServer((socket) => {
      this.#onConnection(socket);
    });
  }

  async listen(path: string): Promise<void> {
    await rm(path, { force: true });
    this.#server.listen(path);
    await once(this.#server, 'listening');
    await chmod(path, 0o600);
  }

  /** No new control plane; the present one still gets the last lines. */
  close(): void {
    this.#server.close();
  }

  /** Tells that there are new log lines. */
  onLine(): void {
    if (this.#willSend) return;
    this.#willSend = true;
    setTimeout(() => {
      this.#willSend = false;
      this.#sendLogs();
    }, logDelayMs);
  }

  #onConnection(socket: Socket): void {
    this.#peer?.destroy();
    this.#peer = socket;
    this.#tools.outbox.rewind();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#peer === socket) this.#peer = null;
    });
    readMessages(socket, (message) => {
      if (this.#peer === socket) this.#onMessage(socket, message as ToRouter);
    });
    writeMessage(socket, this.#tools.hello);
    this.#sendLogs();
  }

  #onMessage(socket: Socket, message: ToRouter): void {
    const { table, traffic, outbox, metrics } = this.#tools;
    switch (message.type) {
      case 'routes':
        table.apply(message);
        metrics.keep(table.appNames());
        writeMessage(socket, { type: 'ack', id: message.id });
        return;
      case 'drained':
        void traffic.drained(message.dynoId, message.deadlineMs).then(() => {
          writeMessage(socket, { type: 'ack', id: message.id });
        });
        return;
      case 'metrics':
        void metrics.read().then((read) => {
          writeMessage(socket, { type: 'metrics', id: message.id, metrics: read });
        });
        return;
      case 'logs-kept':
        outbox.acknowledge(message.batch);
        this.onLine();
        return;
      default:
        exhaustive(message);
    }
  }

  #sendLogs(): void {
    if (this.#peer === null) return;
    const batch = this.#tools.outbox.nextBatch();
    if (batch !== null) writeMessage(this.#peer, wireOf(batch));
  }
}

function wireOf(batch: LogBatch): FromRouter {
  const apps = batch.apps.map(({ appId, lines }): WireLogs => ({
    appId,
    lines: lines.map(({ position, atMicros, process, message }) => [position, String(atMicros), process, message]),
  }));
  return { type: 'logs', batch: batch.id, apps };
}
