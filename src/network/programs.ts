import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../lib/spawn.ts';

export interface Programs {
  readonly ip: string;
  readonly nft: string;
}

/** The package of Debian and Ubuntu that each of them is in. */
export const packageOf: Readonly<Record<keyof Programs, string>> = { ip: 'iproute2', nft: 'nftables' };

/** How the names of all bridges begin, by which the machine's own firewall may know them. */
export const bridgePrefix = 'hokku-';

const limitMs = 10_000;

export function findProgram(name: keyof Programs): string | null {
  const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];
  return folders.map((dir) => join(dir, name)).find((file) => existsSync(file)) ?? null;
}

/** One line per command of ip(8), all in one process. Rejects with the words of the first that fails. */
export async function ipBatch({ ip }: Programs, ...lines: readonly string[]): Promise<void> {
  await run(ip, ['-batch', '-'], { stdin: `${lines.join('\n')}\n`, timeoutMs: limitMs });
}

/** What `ip -json` answers. */
export async function askIp({ ip }: Programs, ...args: readonly string[]): Promise<readonly unknown[]> {
  const answer = (await run(ip, ['-json', ...args], { timeoutMs: limitMs })).toString('utf8').trim();
  return answer === '' ? [] : (JSON.parse(answer) as readonly unknown[]);
}

/** All of it or nothing. */
export async function applyRules({ nft }: Programs, rules: string): Promise<void> {
  await run(nft, ['-f', '-'], { stdin: rules, timeoutMs: limitMs });
}

/** False when it can't be asked, too: to make it anew then says why. */
export function hasTable({ nft }: Programs, table: string): Promise<boolean> {
  return run(nft, ['list', 'table', 'inet', table], { timeoutMs: limitMs }).then(
    () => true,
    () => false,
  );
}

/** No address of IPv6, by which neighbours and the machine could be reached past the rules. */
export function withoutIpv6(device: string): readonly string[] {
  return existsSync('/proc/net/if_inet6') ? [`link set ${device} addrgenmode none`] : [];
}
