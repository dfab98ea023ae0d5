import { createConnection, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FrameReader } from '../lib/frames.ts';

/** How a connection begins that does not speak HTTP. */
export type RawProtocol = 'rendezvous' | 'ssh';

/** A client may be gone without a word. */
const keepAliveMs = 30_000;
/** For a client to close its half, too. */
const lingerMs = 10_000;

/**
 * Hands a connection that does not speak HTTP to the control plane: a line that says which protocol and from which address,
 * then its bytes. What comes back for a rendezvous are frames: each of them is written alone, so that it reaches the
 * client in a TLS record of its own. Source: heroku-cli.md 5.2.
 */
export function passRawConnection(client: Socket, protocol: RawProtocol, socketPath: string): void {
  client.setKeepAlive(true, keepAliveMs);
  const platform = createConnection({ path: socketPath });
  const end = (): void => {
    platform.destroy();
    client.destroy();
  };
  for (const socket of [client, platform]) socket.on('error', end);
  // A client that has closed its half has gone, too.
  client.once('end', end);
  client.once('close', end);
  platform.write(`${protocol} ${client.remoteAddress ?? '-'}\n`);
  client.pipe(platform);
  if (protocol === 'ssh') {
    platform.pipe(client);
    return;
  }
  writeFrames(platform, client).then(() => {
    client.end();
    setTimeout(end, lingerMs).unref();
  }, end);
}

async function writeFrames(from: AsyncIterable<Buffer>, to: Duplex): Promise<void> {
  const frames = new FrameReader();
  for await (const chunk of from) {
    for (const frame of frames.push(chunk)) await write(to, frame);
  }
}

function write(to: Duplex, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    to.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
