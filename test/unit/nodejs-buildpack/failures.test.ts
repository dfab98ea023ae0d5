/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithNode', 'itWithNode.each'] }] */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { BuildpackRun } from '../../rig/buildpack-run.ts';
import { itWithNode } from '../../rig/machine-node.ts';
import { manifest, nodeFailures, startFailingRegistry } from '../../rig/node-failures.ts';
import type { NpmRegistry } from '../../rig/npm-registry.ts';

let registry: NpmRegistry;
let run: BuildpackRun;

beforeAll(async () => {
  registry = await startFailingRegistry();
  run = await BuildpackRun.start('nodejs', { npm_config_registry: registry.url, NODE_BUILDPACK_SOURCES: 'machine' });
});

afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

// All of them: test/reliability/node-builds.test.ts.
const quick = nodeFailures.filter(({ reason }) =>
  ['outdated-lock-file', 'peer-conflict', 'no-network', 'command-not-found'].includes(reason),
);

itWithNode.each(quick)('names $why', async ({ files, reason, says }) => {
  await run.source(files(registry));
  const { exitCode, output, report } = await run.compile();
  expect({ exitCode, reason: report['failure_reason'] }).toEqual({ exitCode: 1, reason });
  const words = output.split('\n').filter((line) => line.startsWith(' !'));
  expect(words.join('\n')).toMatch(says);
});

itWithNode('keeps passwords out of what is shown', async () => {
  await run.setConfigVar('NPM_TOKEN', 'abc/^$.*[x]\\&-token-123');
  await run.source({
    'package.json': manifest({}, { build: 'node build.js' }),
    'build.js':
      "console.log('t=' + process.env.NPM_TOKEN); console.log('//h/:_authToken=other-secret https://me:hidden@host/');",
  });
  const { exitCode, output } = await run.compile();
  expect(exitCode).toBe(0);
  expect(output).toContain('t=****');
  expect(output).not.toMatch(/token-123|other-secret|hidden/);
});
