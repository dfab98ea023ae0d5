import type { Socket } from 'node:net';
import { networkOf } from '../lib/network-of.ts';

export interface ConnectionLimits {
  /** Open ones from one address (of IPv6: from one /64). */
  readonly connectionsPerAddress: number;
  /** Of these, those that no request is under way on for longer than `waitingMs`. The oldest are closed. */
  readonly waitingPerAddress: number;
  /** The same for all addresses together. */
  readonly waitingInAll: number;
  readonly waitingMs: number;
}

interface Connection {
  readonly socket: Socket;
  readonly network: string;
  /** What requests come on: the socket, or TLS in it. */
  front: Socket;
  /** It does not speak HTTP: its time limits are those of whoever it was handed on to. */
  isRaw: boolean;
  /** How often in a row it was found waiting for the same request. */
  looks: number;
  seen: unknown;
}

/**
 * Who has how many connections. Nobody gets so many that others find no place, and whoever opens them and then sends nothing,
 * or a head that never ends, loses the oldest. Requests cost nothing here: the connections are looked at from time to time.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  /** The request that the connection is busy with or was last; `isOver`: it was answered. */
  readonly #requestOn: (front: Socket) => { readonly request: unknown; readonly isOver: boolean } | null;
  readonly #open = new Map<string, Connection>();
  readonly #perNetwork = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: ConnectionLimits, requestOn: (front: Socket) => { request: unknown; isOver: boolean } | null) {
    this.#limits = limits;
    this.#requestOn = requestOn;
    this.#timer = setInterval(() => {
      this.#closeWaiting();
    }, limits.waitingMs);
    this.#timer.unref();
  }

  /** False: there are too many from there; the socket is closed. */
  take(socket: Socket): boolean {
    const network = networkOf(socket.remoteAddress ?? '');
    const count = this.#perNetwork.get(network) ?? 0;
    if (count >= this.#limits.connectionsPerAddress) {
      socket.destroy();
      return false;
    }
    const key = keyOf(socket);
    this.#perNetwork.set(network, count + 1);
    this.#open.set(key, { socket, network, front: socket, isRaw: false, looks: 0, seen: null });
    socket.once('close', () => {
      this.#open.delete(key);
      const left = (this.#perNetwork.get(network) ?? 1) - 1;
      if (left === 0) this.#perNetwork.delete(network);
      else this.#perNetwork.set(network, left);
    });
    return true;
  }

  /** Requests come by TLS in the connection. */
  isTls(front: Socket): void {
    const connection = this.#open.get(keyOf(front));
    if (connection !== undefined) connection.front = front;
  }

  isRaw(front: Socket): void {
    const connection = this.#open.get(keyOf(front));
    if (connection !== undefined) connection.isRaw = true;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  // Private

  #closeWaiting(): void {
    const waiting = [...this.#open.values()].filter((connection) => this.#hasWaited(connection));
    const { waitingPerAddress, waitingInAll } = this.#limits;
    const perNetwork = new Map<string, number>();
    let inAll = 0;
    // The newest keep their place.
    for (const { socket, network } of waiting.reverse()) {
      const count = (perNetwork.get(network) ?? 0) + 1;
      perNetwork.set(network, count);
      inAll += 1;
      if (count > waitingPerAddress || inAll > waitingInAll) socket.destroy();
    }
  }

  /** Twice in a row without another request: at least as long as from one look to the next. */
  #hasWaited(connection: Connection): boolean {
    if (connection.isRaw) return false;
    const current = this.#requestOn(connection.front);
    const isWaiting = current === null || current.isOver;
    const last = current?.request ?? null;
    connection.looks = isWaiting && connection.seen === last ? connection.looks + 1 : Number(isWaiting);
    connection.seen = last;
    return connection.looks >= 2;
  }
}

/** The same for a connection and for TLS in it. */
function keyOf({ remoteAddress = '', remotePort = 0, localPort = 0 }: Socket): string {
  return `${localPort} ${remotePort} ${remoteAddress}`;
}
