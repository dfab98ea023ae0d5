import { createServer, type AddressInfo } from 'node:net';
import type { NetworkLink } from '../model/network.ts';
import { runInNetwork } from '../supervisor/index.ts';

/** In two parts: a refusal at once tells that packets go there and back, silence would not. */
const script = 'test -e /proc/self/net && exec 3<>"/dev/tcp/$1/$2"';

/**
 * Tries from within a network of `trial` to reach a service of this machine, on the bridge's own address. Throws unless
 * that is refused by the rules, which shows that the namespace, the cable, the bridge and the rules work.
 */
export async function tryOut(trial: (name: string) => NetworkLink, gateway: string): Promise<void> {
  let callers = 0;
  const server = createServer((socket) => {
    callers += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, gateway, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const link = trial(`trial-${process.pid}`);
  let said = '';
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  try {
    const argv = ['/bin/bash', '-c', script, 'bash', gateway, String(port)];
    const { exitCode } = await runInNetwork(link, argv, { onStdout: hear, onStderr: hear, timeoutMs: 10_000 });
    if (callers > 0) throw new Error(`the rules of nft are not kept: a service on ${gateway} could be reached`);
    if (exitCode !== 1 || !said.includes('Connection refused'))
      throw new Error(said.trim().split('\n').at(0) || `the trial ended with ${exitCode}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
