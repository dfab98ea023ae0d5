import type { NetworkLink } from '../model/network.ts';
import { runSupervised } from './run-in-sandbox.ts';
import { networkSteps } from './steps.ts';
import type { RunOptions, RunResult } from './types.ts';

/** For the trial of a network: a command of our own in it, with no other walls. */
export function runInNetwork(link: NetworkLink, argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const [file = '', ...args] = argv;
  return runSupervised({ file, args, env: { LC_ALL: 'C' }, setup: networkSteps(link) }, options);
}
