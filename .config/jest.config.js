import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';

const rootDir = dirname(import.meta.dirname);

const suite = (name) => ({
  displayName: name,
  rootDir,
  roots: [`<rootDir>/test/${name}`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': `${import.meta.dirname}/jest-typescript.js` },
});

/**
 * unit: one room; contract: one suite, every implementation; push: the whole platform through its front door;
 * reliability: hundreds of deploys and kills, for an hour and a quiet machine.
 */
export default {
  rootDir,
  // Of all projects: jest reads it nowhere else. A test that hangs is ended; none may need it.
  testTimeout: 300_000,
  // Jest leaves a core free, which on two cores means one file at a time; but most tests wait for other processes.
  maxWorkers: availableParallelism() * 2,
  testSequencer: `${import.meta.dirname}/jest-sequencer.js`,
  projects: [suite('unit'), suite('contract'), suite('push'), suite('reliability')],
};
