import { createHash } from 'node:crypto';
import { applyRules, askIp, ipBatch, withoutIpv6, type Programs } from './programs.ts';
import { formatAddress, freeSubnets, overlap, parseBlock, subnetBits, type Block } from './subnet.ts';

/** The subnet of the bridge that an earlier platform process made; null: there is none. */
export async function findSubnet(programs: Programs, bridge: string): Promise<Block | null> {
  if (!(await isLink(programs, bridge))) return null;
  const own = (await usedBlocks(programs)).find(({ device, bits }) => device === bridge && bits === subnetBits);
  if (own !== undefined) {
    // Whoever took it down since: dynos that live are wired to it.
    await ipBatch(programs, `link set ${bridge} up`);
    return own;
  }
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

/** Platforms that choose the same subnet at the same moment see each other's afterwards, and look further on their own ways. */
export async function makeBridge(programs: Programs, bridge: string, id: string): Promise<Block> {
  // With an address of its own: one that came and went with the cables would be wrong in the memories of all others.
  const mac = ['02', ...(createHash('sha256').update(id).digest('hex').slice(0, 10).match(/../g) ?? [])].join(':');
  await ipBatch(programs, `link add ${bridge} address ${mac} type bridge`, ...withoutIpv6(bridge));
  for (const subnet of freeSubnets(parseInt(id, 16), await usedBlocks(programs))) {
    const address = `${formatAddress(subnet.base + 1)}/${subnetBits}`;
    await ipBatch(programs, `address add ${address} dev ${bridge}`, `link set ${bridge} up`);
    const others = (await usedBlocks(programs)).filter(({ device }) => device !== bridge);
    const rivals = others.filter((other) => overlap(other, subnet));
    if (rivals.length === 0) return subnet;
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
      infos.map(({ local = '0.0.0.0', prefixlen = 32 }) => ({
        ...parseBlock(`${local}/${prefixlen}`),
        device: ifname,
      })),
    ),
    ...routes.flatMap(({ dst = 'default', dev = '' }) =>
      /^[\d.]+(\/\d+)?$/.test(dst) ? [{ ...parseBlock(dst), device: dev }] : [],
    ),
  ].filter(({ bits }) => bits > 0);
}

/** Cables of sandboxes that have just ended may still hang there: the kernel takes namespaces down in its own time. */
export async function removeAll(programs: Programs, bridge: string, table: string): Promise<void> {
  await applyRules(programs, `table inet ${table}\ndelete table inet ${table}\n`).catch(() => undefined);
  const cables = (await askIp(programs, 'link', 'show', 'master', bridge).catch(() => [])) as readonly {
    readonly ifname?: string;
  }[];
  for (const { ifname } of cables) {
    if (ifname !== undefined) await ipBatch(programs, `link delete ${ifname}`).catch(() => undefined);
  }
  await ipBatch(programs, `link delete ${bridge}`).catch(() => undefined);
}
