import type { Logger } from '../log.ts';
import type { LocalNetwork } from './bridged-network.ts';

const everyMs = 15_000;

/**
 * Looks from time to time whether the rules are still there: a reload of the machine's firewall (`flush ruleset` at the head
 * of /etc/nftables.conf) takes those of everybody away, and dynos would reach what they must not.
 */
export function keepRules(network: LocalNetwork, log: Logger): AsyncDisposable {
  let looking: Promise<void> | null = null;
  const look = async (): Promise<void> => {
    try {
      const isRenewed = await network.renew();
      if (isRenewed) log.warn('the rules that keep dynos from the machine’s network were gone, and are back');
    } catch (error) {
      log.error({ err: error }, 'the rules that keep dynos from the machine’s network are gone and can’t be put back');
    }
  };
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = null;
    });
  }, everyMs);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}
