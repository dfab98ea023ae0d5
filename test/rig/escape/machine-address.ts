import { networkInterfaces } from 'node:os';

/** An IPv4 address of this machine that is not its loopback, if there is one. */
export function machineAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
