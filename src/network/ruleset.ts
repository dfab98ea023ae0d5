import { isIPv4 } from 'node:net';
import type { NetworkOpening } from '../config/index.ts';
import type { Resolver } from './resolver.ts';
import { formatBlock, type Block } from './subnet.ts';

export interface Wiring {
  /** Of the nft table. */
  readonly table: string;
  readonly bridge: string;
  readonly subnet: Block;
  /** The part of it that builds are in. */
  readonly builds: Block;
  /** The bridge's own address. */
  readonly gateway: string;
}

export interface Openings {
  readonly resolver: Resolver;
  /** The router's ports, which are open to every visitor. */
  readonly publicPorts: readonly number[];
  /** What else may be reached by everybody, although it is on this machine or in a private network. */
  readonly allowed: readonly NetworkOpening[];
  /** The same for builds only: their registries and proxies. */
  readonly forBuilds: readonly NetworkOpening[];
}

/**
 * What no sandbox reaches outside of this machine: private networks, where services often trust whoever can reach them,
 * link-local addresses and others of clouds' metadata services, and what is no address of anybody.
 */
export const closedNets: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '168.63.129.16', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'],
];

/**
 * The machine's rules for one platform's bridge, as one transaction of nft(8): what was there before is replaced in the
 * same moment, and nothing of anybody else's is touched. Other firewalls of the machine go on deciding, too.
 */
export function ruleset(wiring: Wiring, openings: Openings): string {
  const { table, bridge } = wiring;
  const subnet = formatBlock(wiring.subnet);
  return `
table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "${bridge}" accept
    ip saddr != ${subnet} drop
    ip daddr 127.0.0.0/8 drop
    meta nfproto ipv6 drop
  }
  chain services {
    type nat hook prerouting priority dstnat - 10; policy accept;
    iifname != "${bridge}" accept
${indented(redirects(wiring, openings))}
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    iifname != "${bridge}" accept
    ct state established,related accept
    ct status dnat ip daddr 127.0.0.0/8 accept
${indented(publicRules(openings))}
${indented(nameRules(openings))}
${indented(allowRules(wiring, openings, isOwnAddress(wiring)))}
    meta l4proto tcp reject with tcp reset
    reject
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    oifname "${bridge}" ct state established,related accept
    oifname "${bridge}" drop
    iifname != "${bridge}" accept
    ct state established,related accept
${indented(nameRules(openings))}
${indented(allowRules(wiring, openings))}
    ip daddr { ${closedNets.join(', ')} } meta l4proto tcp reject with tcp reset
    ip daddr { ${closedNets.join(', ')} } reject
  }
  chain outgoing {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${subnet} oifname != "${bridge}" masquerade
  }
}
`;
}

/** In the sandbox itself: what is open of the machine's loopback is found on its own, where programs look for it. */
export function loopbackFilter(gateway: string, ports: readonly number[]): string {
  if (ports.length === 0) return '';
  return `
table ip hokku {
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.0/8 tcp dport { ${ports.join(', ')} } dnat to ${gateway}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 127.0.0.0/8 oifname "eth0" masquerade
  }
}
`;
}

export function loopbackPorts(openings: readonly NetworkOpening[]): readonly number[] {
  return [...new Set(openings.flatMap(({ net, port }) => (isLoopback(net) && port !== null ? [port] : [])))];
}

function redirects({ gateway, builds }: Wiring, { resolver, allowed, forBuilds }: Openings): readonly string[] {
  const to = (port: number): string => `ip daddr ${gateway} tcp dport ${port} dnat ip to 127.0.0.1:${port}`;
  const names = `ip daddr ${gateway} meta l4proto { tcp, udp } th dport 53 dnat ip to ${resolver.local ?? ''}`;
  return [
    ...(resolver.local === null ? [] : [names]),
    ...loopbackPorts(allowed).map(to),
    ...loopbackPorts(forBuilds).map((port) => `ip saddr ${formatBlock(builds)} ${to(port)}`),
  ];
}

/** As any visitor: by whatever address of this machine the name of an app leads to. */
function publicRules({ publicPorts }: Openings): readonly string[] {
  return publicPorts.length === 0 ? [] : [`fib daddr type local tcp dport { ${publicPorts.join(', ')} } accept`];
}

function nameRules({ resolver }: Openings): readonly string[] {
  return resolver.servers.map((server) => `ip daddr ${server} meta l4proto { tcp, udp } th dport 53 accept`);
}

/** On the machine itself only what was named is open: who opens the network around it does not mean all of its own services. */
function isOwnAddress({ gateway }: Wiring): (opening: NetworkOpening) => boolean {
  return ({ net }) => isIPv4(net.replace(/\/32$/, '')) && net.replace(/\/32$/, '') !== gateway;
}

function allowRules(
  { builds }: Wiring,
  { allowed, forBuilds }: Openings,
  concerns: (opening: NetworkOpening) => boolean = () => true,
): readonly string[] {
  const rule = ({ net, port }: NetworkOpening): string =>
    `ip daddr ${net} ${port === null ? '' : `meta l4proto { tcp, udp } th dport ${port} `}accept`;
  const isOutside = (opening: NetworkOpening): boolean => !isLoopback(opening.net) && concerns(opening);
  return [
    ...allowed.filter(isOutside).map(rule),
    ...forBuilds.filter(isOutside).map((opening) => `ip saddr ${formatBlock(builds)} ${rule(opening)}`),
  ];
}

function isLoopback(net: string): boolean {
  return net.startsWith('127.');
}

function indented(rules: readonly string[]): string {
  return rules.map((rule) => `    ${rule}`).join('\n');
}
