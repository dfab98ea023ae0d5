import { createConnection, type Socket } from 'node:net';
import type { AppId } from '../model/ids.ts';
import type { LogLine } from '../model/log.ts';
import { readMessages, writeMessage, type FromRouter, type RouterHello, type ToRouter } from './control-protocol.ts';
import type { WireMetric } from './request-metrics.ts';

export interface LogIntake {
  /** Called once for each line, in order; lines that `cursorOf` shows to be in the log already are left out. */
  onLog(appId: AppId, lines: readonly LogLine[]): void;
  cursorOf(appId: AppId, reader: string): number | null;
  /** Resolves when what `onLog` got is on disk; only then may the router forget it. */
  flush(): Promise<void>;
}

export interface ControlConnectionEvents {
  onAck(id: number): void;
  onMetrics(id: number, metrics: readonly WireMetric[]): void;
  /** Once, for whatever reason. */
  onClose(connection: ControlConnection): void;
}

/** The control plane's end of the control socket. */
export class ControlConnection {
  readonly hello: RouterHello;
  readonly #socket: Socket;
  readonly #delivered = new Map<AppId, number>();

  private constructor(socket: Socket, hello: RouterHello) {
    this.#socket = socket;
    this.hello = hello;
  }

  /** Resolves once the router has said who it is. Rejects when nobody answers within `timeoutMs`. */
  static async open(
    path: string,
    intake: LogIntake,
    events: ControlConnectionEvents,
    timeoutMs: number,
  ): Promise<ControlConnection> {
    const socket = createConnection(path);
    const timer = setTimeout(() => {
      socket.destroy(new Error('The router does not answer on its control socket.'));
    }, timeoutMs);
    return await new Promise((resolve, reject) => {
      let connection: ControlConnection | null = null;
      let lastError: Error | null = null;
      socket.on('error', (error) => {
        lastError = error;
      });
      socket.on('close', () => {
        clearTimeout(timer);
        if (connection === null) reject(lastError ?? new Error('The router closed its control socket.'));
        else events.onClose(connection);
      });
      readMessages(socket, (data) => {
        const message = data as FromRouter;
        if (message.type === 'hello') {
          clearTimeout(timer);
          connection = new ControlConnection(socket, message);
          resolve(connection);
        } else if (message.type === 'ack') events.onAck(message.id);
        else if (message.type === 'metrics') events.onMetrics(message.id, message.metrics);
        else void connection?.take(message, intake);
      });
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  send(message: ToRouter): void {
    writeMessage(this.#socket, message);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** A batch that cannot be kept closes the connection: the router keeps it and sends it again on the next one. */
  async take(batch: FromRouter & { type: 'logs' }, intake: LogIntake): Promise<void> {
    try {
      for (const { appId, lines } of batch.apps) {
        const reader = this.hello.runId;
        const seen = Math.max(intake.cursorOf(appId, reader) ?? 0, this.#delivered.get(appId) ?? 0);
        const fresh = lines
          .filter(([position]) => position > seen)
          .map(([position, atMicros, process, message]): LogLine => ({
            atMicros: BigInt(atMicros),
            source: 'heroku',
            process,
            message,
            cursor: { reader, position },
          }));
        const last = fresh.at(-1)?.cursor?.position;
        if (last === undefined) continue;
        intake.onLog(appId, fresh);
        this.#delivered.set(appId, last);
      }
      await intake.flush();
      this.send({ type: 'logs-kept', batch: batch.batch });
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
