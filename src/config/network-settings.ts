import { isIP, isIPv4 } from 'node:net';
import type { Environment } from './env.ts';
import { invalid, text } from './value.ts';

/** Addresses that apps and builds may reach although they are this machine's or in a private network. IPv4. */
export interface NetworkOpening {
  /** `10.1.0.0/16`, `10.1.2.3`; one of `127.0.0.0/8` always has a port. */
  readonly net: string;
  /** TCP and UDP, on the loopback TCP; null: all. */
  readonly port: number | null;
}

/** Throws for anything else. */
export function origins(env: Environment, name: string): readonly string[] {
  return text(env, name, '')
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .map((item) => {
      const origin = URL.canParse(item) ? new URL(item) : null;
      if (origin === null || !/^https?:$/.test(origin.protocol) || origin.href !== `${origin.origin}/`) {
        throw invalid(name, item, 'origins such as https://git.example.internal:8443, with commas between them');
      }
      return origin.origin;
    });
}

export function networks(env: Environment, name: string): readonly string[] {
  return text(env, name, '')
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .map((item) => {
      const [, net = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(item) ?? [];
      const family = net.includes('%') ? 0 : isIP(net);
      if (family === 0 || Number(bits) > (family === 6 ? 128 : 32)) {
        throw invalid(name, item, 'CIDR blocks such as 192.168.1.0/24 or fd12::/16, with commas between them');
      }
      return item;
    });
}

export function networkOpenings(env: Environment, name: string): readonly NetworkOpening[] {
  return text(env, name, '')
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .map((item) => {
      const [, address = '', bits, port] = /^([\d.]+)(?:\/(\d{1,2}))?(?::(\d{1,5}))?$/.exec(item) ?? [];
      const isLoopback = address.startsWith('127.');
      const isUsable =
        isIPv4(address) && Number(bits ?? 32) <= 32 && Number(port ?? 1) >= 1 && Number(port ?? 1) <= 65_535;
      // Of the loopback one service at a time, at the address by which all of them know it.
      if (!isUsable || (isLoopback && (address !== '127.0.0.1' || bits !== undefined || port === undefined))) {
        const allowed =
          '10.1.2.3:5432, 10.1.2.3, 10.1.0.0/16, 10.1.0.0/16:443 or, of this machine’s loopback, 127.0.0.1:5432';
        throw invalid(name, item, `IPv4 addresses and blocks such as ${allowed}, with commas between them`);
      }
      return {
        net: bits === undefined ? address : `${address}/${bits}`,
        port: port === undefined ? null : Number(port),
      };
    });
}
