import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Outbound } from '../../lib/outbound.ts';
import type { DrainAddress } from './drain-address.ts';
import { ReceiverError, type DrainSender, type SendOutcome } from './drain-sender.ts';

const maxBytes = 65_536;
const connectMs = 5_000;
/** A receiver that does not take this much in this time is connected anew. Source: github.com/heroku/logplex, tcp_drain */
const writeBytes = 4_096;
const sendMs = 4_000;
const idleMs = 240_000;
/** How long after a write its connection may still turn out to have been dead. */
const doubtMs = 2_000;

/**
 * Sends over one TCP connection, with or without TLS. Syslog has no acknowledgement: what the kernel has taken counts as
 * delivered. When the connection is reset soon after a batch, that batch is sent again: rather twice than not at all.
 */
export class SyslogSender implements DrainSender {
  readonly maxBytes = maxBytes;
  readonly hostName: string;
  readonly confirms = false;
  readonly #address: Extract<DrainAddress, { kind: 'syslog' }>;
  readonly #outbound: Outbound;
  readonly #mayReachLoopback: boolean;
  #socket: Socket | null = null;
  #written: { readonly bytes: Buffer; readonly at: number } | null = null;
  #inDoubt: Buffer | null = null;

  constructor(
    address: Extract<DrainAddress, { kind: 'syslog' }>,
    drain: { readonly token: string; readonly mayReachLoopback: boolean },
    outbound: Outbound,
  ) {
    this.#address = address;
    this.hostName = drain.token;
    this.#mayReachLoopback = drain.mayReachLoopback;
    this.#outbound = outbound;
  }

  async send(batch: { readonly bytes: Buffer }, signal: AbortSignal): Promise<SendOutcome> {
    const socket = this.#socket ?? (await this.#connect(signal));
    if (this.#inDoubt !== null) {
      await write(socket, this.#inDoubt, signal);
      this.#inDoubt = null;
    }
    this.#written = { bytes: batch.bytes, at: performance.now() };
    await write(socket, batch.bytes, signal);
    this.#written = { bytes: batch.bytes, at: performance.now() };
    return { is: 'taken' };
  }

  close(): void {
    // What was written still goes out; a receiver that does not take it is not waited for.
    const socket = this.#socket;
    socket?.end();
    setTimeout(() => socket?.destroy(), sendMs).unref();
    this.#socket = null;
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const { host, port, tls } = this.#address;
    const target = { host, port, mayReachLoopback: this.#mayReachLoopback };
    this.#outbound.check(target);
    const lookup = this.#outbound.lookup(target);
    const socket = tls
      ? connectTls({ host, port, lookup, servername: serverName(host) })
      : connectTcp({ host, port, lookup });
    socket.on('error', () => undefined); // Heard below, by whoever waits.
    await settled(socket, tls ? 'secureConnect' : 'connect', connectMs, signal);
    socket.setTimeout(idleMs, () => socket.end());
    socket.on('error', () => {
      this.#forget(socket, 'reset');
    });
    socket.once('end', () => {
      this.#forget(socket, 'end');
      socket.end();
    });
    socket.once('close', () => {
      this.#forget(socket, 'end');
    });
    socket.resume();
    this.#socket = socket;
    return socket;
  }

  #forget(socket: Socket, why: 'reset' | 'end'): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    const written = this.#written;
    this.#written = null;
    if (why === 'reset' && written !== null && performance.now() - written.at < doubtMs) this.#inDoubt = written.bytes;
  }
}

/** An address has no name to ask for (RFC 6066). */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}

async function write(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.length; at += writeBytes) {
    const done = new Promise<void>((resolve, reject) => {
      socket.write(bytes.subarray(at, at + writeBytes), (error) => {
        if (error == null) resolve();
        else reject(error);
      });
    });
    await withDeadline(socket, done, sendMs, signal);
  }
}

async function settled(socket: Socket, event: string, ms: number, signal: AbortSignal): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    socket.once(event, () => {
      resolve();
    });
    socket.once('error', reject);
  });
  await withDeadline(socket, done, ms, signal);
}

/** The socket is of no use when it does not settle in time. */
async function withDeadline(socket: Socket, done: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  const timer = setTimeout(() => socket.destroy(new ReceiverError(`it took nothing within ${ms} ms`)), ms);
  const abort = (): void => {
    socket.destroy(new ReceiverError('given up'));
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    await done;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
