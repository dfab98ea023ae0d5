import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkOpening } from '../config/index.ts';
import type { NetworkLink, SandboxNetwork } from '../model/network.ts';
import { AddressPool } from './address-pool.ts';
import { applyRules, askIp, findProgram, ipBatch, packageOf, type Programs } from './programs.ts';
import { findResolver } from './resolver.ts';
import { loopbackFilter, loopbackPorts, ruleset, type Openings, type Wiring } from './ruleset.ts';
import { formatAddress, formatBlock, freeSubnets, halves, overlap, parseBlock, subnetBits, type Block } from './subnet.ts';
import { tryOut } from './try-out.ts';

export interface NetworkOptions {
  /** What names it: two platforms of one machine never touch each other's. */
  readonly dataDir: string;
  /** Ports of this machine that are open to every sandbox from the beginning. */
  readonly publicPorts: readonly number[];
  /** What dynos and builds may reach although it is closed otherwise, and what builds alone may. */
  readonly allowed: readonly NetworkOpening[];
  readonly forBuilds: readonly NetworkOpening[];
}

export interface LocalNetwork {
  readonly dynos: SandboxNetwork;
  readonly builds: SandboxNetwork;
  /** One line for the start-up message and `hokku doctor`. */
  readonly description: string;
  /** Opens ports of this machine to every sandbox: the router's. */
  publish(ports: readonly number[]): Promise<void>;
  /** Takes down all of it. Whoever is still in it is cut off. */
  remove(): Promise<void>;
}

/** No networks of their own for dynos and builds can be had here. */
export class NetworkUnavailableError extends Error {
  override readonly name = 'NetworkUnavailableError';
  /** Debian and Ubuntu packages that may mend it. */
  readonly packages: readonly string[];

  constructor(evidence: string, packages: readonly string[] = [], options: ErrorOptions = {}) {
    super(evidence, options);
    this.packages = packages;
  }
}

/**
 * A bridge of this platform, to which each dyno and build is wired, and the rules of what can be reached from there. Dynos
 * outlive the platform process: the bridge that an earlier one made is taken over as it is. What does not work is found
 * by trying; whatever was made until then is taken down. Throws a NetworkUnavailableError.
 */
export async function openNetwork(options: NetworkOptions): Promise<LocalNetwork> {
  const { ip, nft } = { ip: findProgram('ip'), nft: findProgram('nft') };
  if (ip === null || nft === null) {
    const absent = (['ip', 'nft'] as const).filter((name) => findProgram(name) === null);
    const said = absent.map((name) => `${name} is not installed`).join(' and ');
    throw new NetworkUnavailableError(said, absent.map((name) => packageOf[name]));
  }
  const programs = { ip, nft };
  const id = createHash('sha256').update(options.dataDir).digest('hex').slice(0, 8);
  const bridge = `hokku-${id}`;
  const found = await findSubnet(programs, bridge);
  try {
    const subnet = found ?? (await makeBridge(programs, bridge, id));
    const network = new BridgedNetwork(programs, options, wiringOf(id, bridge, subnet));
    await network.publish(options.publicPorts);
    forwardPackets();
    await tryOut(network.dynos, formatAddress(subnet.base + 1));
    return network;
  } catch (error) {
    if (found === null) await removeAll(programs, bridge, tableOf(id));
    throw new NetworkUnavailableError((error as Error).message.replace(/\s+/g, ' '), [], { cause: error });
  }
}

function wiringOf(id: string, bridge: string, subnet: Block): Wiring {
  const gateway = formatAddress(subnet.base + 1);
  return { table: tableOf(id), bridge, subnet, builds: halves(subnet)[1], gateway };
}

class BridgedNetwork implements LocalNetwork {
  readonly dynos: SandboxNetwork;
  readonly builds: SandboxNetwork;
  readonly description: string;
  readonly #programs: Programs;
  readonly #wiring: Wiring;
  readonly #openings: Openings;

  constructor(programs: Programs, { allowed, forBuilds }: NetworkOptions, wiring: Wiring) {
    const [lower, upper] = halves(wiring.subnet);
    this.#programs = programs;
    this.#wiring = wiring;
    this.#openings = { resolver: findResolver(), publicPorts: [], allowed, forBuilds };
    const link = (ports: readonly number[]) => (address: string, name: string) => this.#link(address, name, ports);
    this.dynos = networkOf(new AddressPool(lower), link(loopbackPorts(allowed)));
    this.builds = networkOf(new AddressPool(upper), link(loopbackPorts([...allowed, ...forBuilds])));
    this.description = `a network of its own for each dyno and build (${formatBlock(wiring.subnet)} on ${wiring.bridge})`;
  }

  async publish(publicPorts: readonly number[]): Promise<void> {
    await applyRules(this.#programs, ruleset(this.#wiring, { ...this.#openings, publicPorts }));
  }

  remove(): Promise<void> {
    return removeAll(this.#programs, this.#wiring.bridge, this.#wiring.table);
  }

  /** Ports of one bridge that are isolated reach the machine and nobody else. */
  #link(address: string, name: string, ports: readonly number[]): NetworkLink {
    const { bridge, gateway } = this.#wiring;
    const { text } = this.#openings.resolver;
    const cable = `hk${createHash('sha256').update(name).digest('hex').slice(0, 13)}`;
    return {
      ...this.#programs,
      address,
      outside: [
        `link add ${cable} type veth peer name eth0 netns @`,
        ...withoutIpv6(cable),
        `link set ${cable} master ${bridge}`,
        `link set ${cable} type bridge_slave isolated on`,
        `link set ${cable} up\n`,
      ].join('\n'),
      inside: [
        'link set lo up',
        ...withoutIpv6('eth0'),
        `address add ${address}/${subnetBits} dev eth0`,
        'link set eth0 up',
        `route add default via ${gateway}\n`,
      ].join('\n'),
      filter: loopbackFilter(gateway, ports),
      resolver: text?.replace('@', gateway) ?? null,
    };
  }
}

function networkOf(pool: AddressPool, link: (address: string, name: string) => NetworkLink): SandboxNetwork {
  return {
    link: (name) => link(pool.take(), name),
    keep: (address) => {
      pool.keep(address);
    },
    free: (address) => {
      pool.free(address);
    },
  };
}

/** No address of IPv6, by which neighbours and the machine could be reached past the rules. */
function withoutIpv6(device: string): readonly string[] {
  return existsSync('/proc/net/if_inet6') ? [`link set ${device} addrgenmode none`] : [];
}

function tableOf(id: string): string {
  return `hokku_${id}`;
}

/** The subnet of the bridge that an earlier platform process made; null: there is none. */
async function findSubnet(programs: Programs, bridge: string): Promise<Block | null> {
  if (!existsSync(`/sys/class/net/${bridge}`) && !(await isLink(programs, bridge))) return null;
  const own = (await usedBlocks(programs)).find(({ device, bits }) => device === bridge && bits === subnetBits);
  if (own !== undefined) return own;
  // It was killed between two steps.
  await ipBatch(programs, `link delete ${bridge}`);
  return null;
}

function isLink(programs: Programs, name: string): Promise<boolean> {
  return askIp(programs, 'link', 'show', 'dev', name).then(
    (links) => links.length > 0,
    () => false,
  );
}

/** Two platforms that choose the same subnet at the same moment see each other's afterwards, and one of them goes on. */
async function makeBridge(programs: Programs, bridge: string, id: string): Promise<Block> {
  // With an address of its own: one that came and went with the cables would be wrong in the memories of all others.
  const mac = ['02', ...(createHash('sha256').update(id).digest('hex').slice(0, 10).match(/../g) ?? [])].join(':');
  await ipBatch(programs, `link add ${bridge} address ${mac} type bridge`, ...withoutIpv6(bridge));
  for (const subnet of freeSubnets(parseInt(id, 16), await usedBlocks(programs))) {
    const address = `${formatAddress(subnet.base + 1)}/${subnetBits}`;
    await ipBatch(programs, `address add ${address} dev ${bridge}`, `link set ${bridge} up`);
    const others = (await usedBlocks(programs)).filter(({ device }) => device !== bridge);
    const rivals = others.filter((other) => overlap(other, subnet));
    if (rivals.every(({ device }) => /^hokku-[0-9a-f]{8}$/.test(device) && bridge < device)) {
      await delay(0);
      return subnet;
    }
    await ipBatch(programs, `address delete ${address} dev ${bridge}`);
  }
  throw new Error('every private subnet that could be taken overlaps with an address or a route of this machine');
}

/** Where packets of this machine already go, default routes excepted. */
async function usedBlocks(programs: Programs): Promise<readonly (Block & { readonly device: string })[]> {
  const addresses = (await askIp(programs, '-4', 'address', 'show')) as readonly {
    readonly ifname?: string;
    readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
  }[];
  const routes = (await askIp(programs, '-4', 'route', 'show', 'table', 'all')) as readonly {
    readonly dst?: string;
    readonly dev?: string;
  }[];
  return [
    ...addresses.flatMap(({ ifname = '', addr_info: infos = [] }) =>
      infos.map(({ local = '0.0.0.0', prefixlen = 32 }) => ({ ...parseBlock(`${local}/${prefixlen}`), device: ifname })),
    ),
    ...routes.flatMap(({ dst = 'default', dev = '' }) =>
      /^[\d.]+(\/\d+)?$/.test(dst) ? [{ ...parseBlock(dst), device: dev }] : [],
    ),
  ].filter(({ bits }) => bits > 0);
}

/** The machine hands on what dynos and builds send and what comes back; other packets it hands on as its own firewall says. */
function forwardPackets(): void {
  const setting = '/proc/sys/net/ipv4/ip_forward';
  if (readFileSync(setting, 'utf8').trim() !== '1') writeFileSync(setting, '1');
}

/** Cables of sandboxes that have just ended may still hang there: the kernel takes namespaces down in its own time. */
async function removeAll(programs: Programs, bridge: string, table: string): Promise<void> {
  await applyRules(programs, `table inet ${table}\ndelete table inet ${table}\n`).catch(() => undefined);
  const cables = (await askIp(programs, 'link', 'show', 'master', bridge).catch(() => [])) as readonly {
    readonly ifname?: string;
  }[];
  for (const { ifname } of cables) {
    if (ifname !== undefined) await ipBatch(programs, `link delete ${ifname}`).catch(() => undefined);
  }
  await ipBatch(programs, `link delete ${bridge}`).catch(() => undefined);
}
