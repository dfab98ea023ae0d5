import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { AppId, DynoId } from '../model/ids.ts';
import type { AppRoute } from '../model/route.ts';
import type { WireMetric } from './request-metrics.ts';

/** Raised when either side's messages change their meaning; a router of another number is replaced, not adopted. */
export const protocolVersion = 5;

/** Control plane to router. Each with an `id` is answered by an `ack`, or `metrics`, of the same id. */
export type ToRouter =
  | {
      readonly type: 'routes';
      readonly id: number;
      readonly set: readonly AppRoute[];
      readonly remove: readonly AppId[];
      readonly whole: boolean;
    }
  | { readonly type: 'drained'; readonly id: number; readonly dynoId: DynoId; readonly deadlineMs: number }
  | { readonly type: 'metrics'; readonly id: number }
  | { readonly type: 'logs-kept'; readonly batch: number };

/** Router to control plane. */
export type FromRouter =
  | RouterHello
  | { readonly type: 'ack'; readonly id: number }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: readonly WireMetric[] }
  | { readonly type: 'logs'; readonly batch: number; readonly apps: readonly WireLogs[] };

export interface RouterHello {
  readonly type: 'hello';
  readonly protocol: number;
  /** Of this run of the router: the reader of its log lines. */
  readonly runId: string;
  readonly pid: number;
  readonly port: number;
  /** `fingerprintOf` its settings. */
  readonly settings: string;
}

export interface WireLogs {
  readonly appId: AppId;
  /** Position, microseconds, process, message. */
  readonly lines: readonly (readonly [position: number, atMicros: string, process: string, message: string])[];
}

/** One message: every route of some ten thousand apps, with the certificates of each. */
const maxMessageBytes = 256 * 1024 * 1024;

/** Both ends are ours and of the same protocol version, so a message is trusted once it is JSON. */
export function readMessages(socket: Socket, onMessage: (message: unknown) => void): void {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let size = 0;
  socket.on('data', (chunk: Buffer) => {
    const text = decoder.write(chunk);
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      parts.push(text.slice(from, end));
      const line = parts.join('');
      parts = [];
      size = 0;
      from = end + 1;
      try {
        onMessage(JSON.parse(line));
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error('Internal: bad message'));
        return;
      }
    }
    parts.push(text.slice(from));
    size += text.length - from;
    if (size > maxMessageBytes)
      socket.destroy(new Error('Internal: a message between control plane and router is too long'));
  });
}

export function writeMessage(socket: Socket, message: ToRouter | FromRouter): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
