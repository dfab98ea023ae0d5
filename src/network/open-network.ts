import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkOpening } from '../config/index.ts';
import { blockingChain } from './foreign-firewall.ts';
import { findSubnet, makeBridge, removeAll } from './bridge.ts';
import { BridgedNetwork, type LocalNetwork } from './bridged-network.ts';
import { bridgePrefix, findProgram, packageOf, type Programs } from './programs.ts';
import type { Wiring } from './ruleset.ts';
import { formatAddress, halves, type Block } from './subnet.ts';
import { tryOut } from './try-out.ts';

/** Of what was there already. */
const retries = 3;
const retryAfterMs = 1_000;

export interface NetworkOptions {
  /** What names it: two platforms of one machine never touch each other's. */
  readonly dataDir: string;
  /** Ports of this machine that are open to every sandbox from the beginning. */
  readonly publicPorts: readonly number[];
  /** What dynos and builds may reach although it is closed otherwise, and what builds alone may. */
  readonly allowed: readonly NetworkOpening[];
  readonly forBuilds: readonly NetworkOpening[];
}

/** No networks of their own for dynos and builds can be had here. */
export class NetworkUnavailableError extends Error {
  override readonly name = 'NetworkUnavailableError';
  /** Debian and Ubuntu packages that may mend it. */
  readonly packages: readonly string[];
  /** What else may; null: not known. */
  readonly remedy: string | null;

  constructor(
    evidence: string,
    {
      packages = [],
      remedy = null,
      cause,
    }: ErrorOptions & { packages?: readonly string[]; remedy?: string | null } = {},
  ) {
    super(evidence, { cause });
    this.packages = packages;
    this.remedy = remedy;
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
    throw new NetworkUnavailableError(said, { packages: absent.map((name) => packageOf[name]) });
  }
  const programs = { ip, nft };
  const bridge = bridgeOf(idOf(options.dataDir));
  // Dynos live behind the one that is there: no passing fault may put new ones on the machine's network.
  const isThere = (await findSubnet(programs, bridge).catch(() => null)) !== null;
  for (let left = isThere ? retries : 0; ; left -= 1) {
    try {
      return await tryNetwork(programs, options);
    } catch (error) {
      if (left === 0) throw error;
      await delay(retryAfterMs);
    }
  }
}

async function tryNetwork(programs: Programs, options: NetworkOptions): Promise<LocalNetwork> {
  const id = idOf(options.dataDir);
  const bridge = bridgeOf(id);
  let found: Block | null = null;
  try {
    found = await findSubnet(programs, bridge);
    const subnet = found ?? (await makeBridge(programs, bridge, id));
    const network = new BridgedNetwork(programs, options, wiringOf(id, subnet));
    await network.publish(options.publicPorts);
    forwardPackets(bridgeOf(id));
    await tryOut(network.trial, formatAddress(subnet.base + 1));
    await requireWayOut(programs, network);
    return network;
  } catch (error) {
    if (found === null) await removeAll(programs, bridge, tableOf(id));
    if (error instanceof NetworkUnavailableError) throw error;
    throw new NetworkUnavailableError((error as Error).message.replace(/\s+/g, ' '), { cause: error });
  }
}

/** The trial can't leave the machine: what another firewall would do with packets that do has to be read. */
async function requireWayOut(programs: Programs, { usesInput }: BridgedNetwork): Promise<void> {
  const forward = await blockingChain(programs, 'forward');
  if (forward !== null) {
    throw new NetworkUnavailableError(`the machine’s firewall drops what it forwards (${forward})`, {
      remedy: `Let the firewall pass what comes from and goes to ${bridgePrefix}*: docs/operations.md says how with ufw and Docker.`,
    });
  }
  const input = usesInput ? await blockingChain(programs, 'input') : null;
  if (input === null) return;
  throw new NetworkUnavailableError(`the machine’s firewall drops what dynos ask of its own services (${input})`, {
    remedy: `Let the firewall accept what comes from ${bridgePrefix}*: docs/operations.md says how with ufw.`,
  });
}

/** The one for this data folder, if there is one. Whoever is still in it is cut off. */
export async function removeNetwork(dataDir: string): Promise<void> {
  const { ip, nft } = { ip: findProgram('ip'), nft: findProgram('nft') };
  if (ip === null || nft === null || process.getuid?.() !== 0) return;
  const id = idOf(dataDir);
  await removeAll({ ip, nft }, bridgeOf(id), tableOf(id));
}

function wiringOf(id: string, subnet: Block): Wiring {
  const gateway = formatAddress(subnet.base + 1);
  return { table: tableOf(id), bridge: bridgeOf(id), subnet, builds: halves(subnet)[1], gateway };
}

function idOf(dataDir: string): string {
  return createHash('sha256').update(dataDir).digest('hex').slice(0, 8);
}

/** At most 15 characters. */
function bridgeOf(id: string): string {
  return `${bridgePrefix}${id}`;
}

function tableOf(id: string): string {
  return `hokku_${id}`;
}

/** The machine hands on what dynos and builds send and what comes back; other packets it hands on as its own firewall says. */
function forwardPackets(bridge: string): void {
  // For the services of the machine's loopback that are open; the rules drop whatever else comes in for it.
  writeFileSync(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1');
  const setting = '/proc/sys/net/ipv4/ip_forward';
  if (readFileSync(setting, 'utf8').trim() !== '1') writeFileSync(setting, '1');
}
