import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/**
 * Listens on `bind` and, where that is the IPv4 loopback, on ::1 too: some clients resolve `localhost` to it first.
 * Port 0: any port that is free on both. A machine without IPv6 is served on IPv4 alone.
 */
export async function listenAll(
  bind: string,
  port: number,
  make: () => Server,
): Promise<{ servers: readonly Server[]; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const first = make();
    await listen(first, bind, port);
    const { port: actual } = first.address() as AddressInfo;
    if (bind !== '127.0.0.1') return { servers: [first], port: actual };
    const second = make();
    try {
      await listen(second, '::1', actual);
      return { servers: [first, second], port: actual };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE') return { servers: [first], port: actual };
      first.close();
      if (port !== 0 || attempt >= 10) throw error;
    }
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}
