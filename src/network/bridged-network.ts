import { createHash } from 'node:crypto';
import type { NetworkLink, SandboxNetwork } from '../model/network.ts';
import { AddressPool } from './address-pool.ts';
import { applyRules, hasTable, withoutIpv6, type Programs } from './programs.ts';
import { findResolver } from './resolver.ts';
import { loopbackFilter, loopbackPorts, ruleset, type Openings, type Wiring } from './ruleset.ts';
import { formatAddress, formatBlock, halves, subnetBits } from './subnet.ts';

export interface LocalNetwork {
  readonly dynos: SandboxNetwork;
  readonly builds: SandboxNetwork;
  /** One line for the start-up message and `hokku doctor`. */
  readonly description: string;
  /** Opens ports of this machine to every sandbox: the router's. */
  publish(ports: readonly number[]): Promise<void>;
  /** Puts the rules back if somebody has flushed the machine's; true then. */
  renew(): Promise<boolean>;
}

export class BridgedNetwork implements LocalNetwork {
  /** A network for finding out whether this works, with an address that no dyno and no build gets. */
  readonly trial: (name: string) => NetworkLink;
  readonly dynos: SandboxNetwork;
  readonly builds: SandboxNetwork;
  readonly description: string;
  /** Services of this machine are meant to be reached: its name server, or what was allowed. */
  readonly usesInput: boolean;
  readonly #programs: Programs;
  readonly #wiring: Wiring;
  readonly #openings: Openings;
  #publicPorts: readonly number[] = [];

  constructor(programs: Programs, { allowed, forBuilds }: Pick<Openings, 'allowed' | 'forBuilds'>, wiring: Wiring) {
    const [lower, upper] = halves(wiring.subnet);
    this.#programs = programs;
    this.#wiring = wiring;
    this.#openings = { resolver: findResolver(), publicPorts: [], allowed, forBuilds };
    this.usesInput = this.#openings.resolver.local !== null || loopbackPorts([...allowed, ...forBuilds]).length > 0;
    const link = (ports: readonly number[]) => (address: string, name: string) => this.#link(address, name, ports);
    this.dynos = sandboxNetwork(new AddressPool(lower), link(loopbackPorts(allowed)));
    this.builds = sandboxNetwork(new AddressPool(upper), link(loopbackPorts([...allowed, ...forBuilds])));
    this.trial = (name) => this.#link(formatAddress(wiring.subnet.base + 2), name, []);
    this.description = `a network of its own for each dyno and build (${formatBlock(wiring.subnet)} on ${wiring.bridge})`;
  }

  async publish(publicPorts: readonly number[]): Promise<void> {
    this.#publicPorts = publicPorts;
    await applyRules(this.#programs, ruleset(this.#wiring, { ...this.#openings, publicPorts }));
  }

  async renew(): Promise<boolean> {
    if (await hasTable(this.#programs, this.#wiring.table)) return false;
    await this.publish(this.#publicPorts);
    return true;
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

function sandboxNetwork(pool: AddressPool, link: (address: string, name: string) => NetworkLink): SandboxNetwork {
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
