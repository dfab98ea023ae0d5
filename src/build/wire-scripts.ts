import { randomUUID } from 'node:crypto';
import type { SandboxNetwork } from '../model/network.ts';
import type { RunInSandbox } from '../supervisor/index.ts';

/** Runs every script in a network of its own; null: on the machine's. */
export function wireScripts(run: RunInSandbox, network: SandboxNetwork | null): RunInSandbox {
  if (network === null) return run;
  return async (sandbox, command, options) => {
    const link = network.link(randomUUID());
    try {
      return await run(sandbox, { ...command, network: link }, options);
    } finally {
      network.free(link.address);
    }
  };
}
