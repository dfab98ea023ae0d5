import { run } from '../lib/spawn.ts';
import { bridgePrefix, type Programs } from './programs.ts';

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

type Entry = { readonly chain?: Chain; readonly rule?: { readonly family: string; readonly table: string } };

/**
 * A chain of the machine's own firewall (ufw, Docker) that drops what comes by unless a rule accepts it, where no rule of its table
 * speaks of our bridges: what dynos send would vanish there, whatever our rules say. Null: there is none.
 * Source: nft(8), "accept" ends one chain only, and libnftables-json(5).
 */
export async function blockingChain({ nft }: Programs, hook: 'forward' | 'input'): Promise<string | null> {
  const text = (await run(nft, ['-j', 'list', 'ruleset'], { timeoutMs: 10_000 })).toString('utf8');
  const { nftables } = JSON.parse(text) as { readonly nftables: readonly Entry[] };
  const isOpened = ({ family, table }: Chain): boolean =>
    nftables.some(({ rule }) => rule?.family === family && rule.table === table && namesBridge(rule));
  const found = nftables.find(
    ({ chain }) =>
      chain?.hook === hook && chain.policy === 'drop' && ['ip', 'inet'].includes(chain.family) && !isOpened(chain),
  );
  return found?.chain === undefined ? null : `${found.chain.family} ${found.chain.table} ${found.chain.name}`;
}

function namesBridge(rule: object): boolean {
  return JSON.stringify(rule).includes(`"${bridgePrefix}`);
}
