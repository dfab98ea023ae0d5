import { lookup as resolve, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Why an address that a user gave is not called. The message names the address that was found, and what to do. */
export class OutboundRefusedError extends Error {
  override readonly name = 'OutboundRefusedError';
}

export interface OutboundOptions {
  /** The platform's public port: what listens there is for everybody, so apps of this very platform can be called. */
  publicPort(): number;
  /** True: addresses of this machine are open to every user. HOKKU_LOOPBACK_TARGETS. */
  readonly allowLoopback: boolean;
  /** Private networks that are open to every user. HOKKU_OUTBOUND_ALLOW. */
  readonly allowedNets: readonly string[];
}

export interface OutboundTarget {
  readonly host: string;
  readonly port: number;
  /** Whoever gave this target may reach this machine's own addresses and private networks: the operator may. */
  readonly mayReachLoopback: boolean;
}

/**
 * What the platform calls because a user said so (log drains, webhooks) must not become that user's arm into the machine.
 * Names are judged by what they resolve to at the moment of connecting, so a name that changes its address gains nothing.
 */
export interface Outbound {
  /** Throws OutboundRefusedError for an address literal or a name of this machine that may not be called. */
  check(target: OutboundTarget): void;
  /** For the `lookup` option of sockets and requests. A socket asks it only for names: call `check` first. */
  lookup(target: OutboundTarget): LookupFunction;
}

export function openOutbound(options: OutboundOptions): Outbound {
  const allowed = listOf(options.allowedNets);
  const refusal = (address: string, target: OutboundTarget): OutboundRefusedError | null =>
    refusalOf(address, target, options, allowed);
  return {
    check: (target) => {
      const address = literal(target.host) ?? (isLocalName(target.host) ? '127.0.0.1' : null);
      const refused = address === null ? null : refusal(address, target);
      if (refused !== null) throw refused;
    },
    lookup: (target) => (hostname, lookupOptions, callback) => {
      const answer = (error: NodeJS.ErrnoException | null, addresses?: LookupAddress[]): void => {
        // Not there with an error, whatever the types say.
        const found = addresses ?? [];
        const usable = found.filter(({ address }) => refusal(address, target) === null);
        const [first] = usable;
        const refused = found[0] === undefined ? null : refusal(found[0].address, target);
        if (error !== null || first === undefined) callback(error ?? refused ?? new Error('no address'), []);
        else if (lookupOptions.all === true) callback(null, usable);
        else callback(null, first.address, first.family);
      };
      if (isLocalName(hostname)) {
        const local: LookupAddress[] = [
          { address: '127.0.0.1', family: 4 },
          { address: '::1', family: 6 },
        ];
        process.nextTick(answer, null, local);
        return;
      }
      resolve(hostname, { all: true }, answer);
    },
  };
}

/** `localhost` and the names below it never leave the machine. Source: RFC 6761, 6.3 */
export function isLocalHost(host: string): boolean {
  const address = literal(host);
  return address === null ? isLocalName(host) : inList(loopback, address);
}

// Private

function isLocalName(host: string): boolean {
  return /(^|\.)localhost\.?$/i.test(host);
}

/** The address, when the host is one; `[::1]` is how URLs write it. */
function literal(host: string): string | null {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return isIP(bare) === 0 ? null : bare;
}

const loopback = listOf(['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128']);

/** Never a receiver of logs: link-local (cloud metadata lives there), multicast, reserved, and metadata addresses of their own kind. */
const forbidden = listOf([
  '169.254.0.0/16',
  'fe80::/10',
  'fec0::/10',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'ff00::/8',
  '192.0.0.0/24',
  '100.100.100.200/32',
  '168.63.129.16/32',
  'fd00:ec2::/32',
  // These carry an IPv4 address inside, which would have to be judged too; no receiver needs them.
  '2002::/16',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
]);

/** Of others in the network: services there often trust whoever reaches them. */
const privateNets = listOf([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  'fc00::/7',
]);

function refusalOf(
  address: string,
  target: OutboundTarget,
  options: OutboundOptions,
  allowed: BlockList,
): OutboundRefusedError | null {
  if (inList(forbidden, address)) {
    return new OutboundRefusedError(
      `${target.host} is ${address}, a link-local, metadata or reserved address, which is never called. Use a public or private one.`,
    );
  }
  if (target.mayReachLoopback || options.allowLoopback) return null;
  if (inList(loopback, address) || isOwnAddress(address)) {
    // The router, which everybody may call.
    if (target.port === options.publicPort()) return null;
  } else {
    if (!inList(privateNets, address) || inList(allowed, address)) return null;
    return new OutboundRefusedError(
      `${target.host} is ${address}, an address of a private network. Use a public one, or ask the operator: ` +
        `the operator's own targets may be there, and so may everybody's with HOKKU_OUTBOUND_ALLOW=${address}/${isIP(address) === 6 ? 128 : 32}.`,
    );
  }
  return new OutboundRefusedError(
    `${target.host} is ${address}, an address of the platform's own machine. Use another host, or ask the operator: ` +
      "the operator's own targets may be there, and so may everybody's with HOKKU_LOOPBACK_TARGETS=on.",
  );
}

/** Asked each time: addresses of a machine come and go. */
function isOwnAddress(address: string): boolean {
  const own = new BlockList();
  for (const { address: mine, family } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    own.addAddress(mine, family === 'IPv4' ? 'ipv4' : 'ipv6');
  }
  return inList(own, address);
}

function listOf(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits] = subnet.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** An IPv4 address that is written as IPv6 (`::ffff:127.0.0.1`) is the IPv4 address: BlockList knows that. */
function inList(list: BlockList, address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  return list.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4');
}
