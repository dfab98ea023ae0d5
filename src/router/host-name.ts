import { isIP } from 'node:net';

/** A Host header, taken apart. `port` is null when the client named none. */
export interface HostName {
  /** Lower case, without a trailing dot; an IPv6 address without brackets. */
  readonly name: string;
  readonly port: number | null;
}

const form = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?)\.?)(?::(\d{1,5}))?$/;

/** Null for what cannot be a host: empty, over 255 bytes, or any other characters than a name's. */
export function parseHostName(header: string | undefined): HostName | null {
  if (header === undefined || header.length > 262) return null;
  const match = form.exec(header.toLowerCase());
  if (match === null) return null;
  const [, address, name, port] = match;
  if (address !== undefined && isIP(address) !== 6) return null;
  return { name: address ?? name ?? '', port: port === undefined ? null : Number(port) };
}

/** Hosts that mean the platform itself: its API and git. All others are apps. */
export function isPlatformHost(name: string, domain: string): boolean {
  if (isIP(name) !== 0) return true;
  return name === 'localhost' || name === domain || name === `api.${domain}` || name === `git.${domain}`;
}
