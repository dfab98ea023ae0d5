import { dirname } from 'node:path';

const rootDir = dirname(import.meta.dirname);

const suite = (name, testTimeout) => ({
  displayName: name,
  rootDir,
  roots: [`<rootDir>/test/${name}`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  testTimeout,
});

/** unit: one room; contract: one suite, every implementation; push: the whole platform through its front door. */
export default {
  rootDir,
  projects: [suite('unit', 20_000), suite('contract', 60_000), suite('push', 180_000)],
};
