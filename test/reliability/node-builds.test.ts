/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithNode', 'itWithNode.each', 'itOnline.each'] }] */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BuildpackRun } from '../rig/buildpack-run.ts';
import { itWithNode } from '../rig/machine-node.ts';
import { nodeFailures, startFailingRegistry } from '../rig/node-failures.ts';
import type { NpmRegistry } from '../rig/npm-registry.ts';

let registry: NpmRegistry;
let failing: BuildpackRun;

beforeAll(async () => {
  registry = await startFailingRegistry();
  failing = await BuildpackRun.start('nodejs', {
    npm_config_registry: registry.url,
    NODE_BUILDPACK_SOURCES: 'machine',
  });
});

afterAll(async () => {
  await failing[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

itWithNode.each(nodeFailures)('names $why', async ({ files, reason, says }) => {
  await failing.source(files(registry));
  const { exitCode, output, report } = await failing.compile();
  expect({ exitCode, reason: report['failure_reason'] }).toEqual({ exitCode: 1, reason });
  const words = output.split('\n').filter((line) => line.startsWith(' !'));
  expect(words.join('\n')).toMatch(says);
});

const publicRegistry = process.env['npm_config_registry'] ?? 'https://registry.npmjs.org/';
const isReachable = await fetch(new URL('is-odd', publicRegistry), { signal: AbortSignal.timeout(5000) }).then(
  ({ ok }) => ok,
  () => false,
);
if (!isReachable) process.stderr.write(`skipped: builds with packages of ${publicRegistry}, which can't be reached\n`);
const itOnline = isReachable ? itWithNode : it.skip;

/** What a machine tells builds about its network. */
const network = Object.fromEntries(
  ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'CURL_CA_BUNDLE', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY']
    .map((name): [string, string | undefined] => [name, process.env[name]])
    .filter((entry): entry is [string, string] => entry[1] !== undefined),
);

itOnline.each(['node-npm', 'node-yarn', 'node-yarn-berry', 'node-pnpm', 'node-bun'])(
  'builds %s cold, again without an installer, and anew after a change',
  async (fixture) => {
    await using run = await BuildpackRun.start('nodejs', { npm_config_registry: publicRegistry, ...network });
    await run.source(fixture);
    const cold = await run.compile();
    expect(cold.exitCode === 0 ? '' : cold.output).toBe('');
    expect(cold.report).toMatchObject({
      cache_status: 'empty',
      node_source: expect.stringMatching(/upstream|registry/),
    });
    const manager = cold.report['package_manager'];
    const start = /web: "(\w+ start)"/.exec(cold.release)?.[1] ?? '';
    const ran = await run.runDyno(start);
    expect(ran.output).toContain('3 is odd: true; devDependencies are gone; built with semver 7.6.0');

    await run.source(fixture);
    const warm = await run.compile();
    expect(warm.report).toMatchObject({ cache_status: 'reused', package_manager: manager });
    expect(warm.report).not.toHaveProperty('dependencies_install_ms');
    expect((await run.runDyno(start)).output).toContain('devDependencies are gone');

    await run.setConfigVar('SOME_SETTING', 'new');
    await run.source(fixture);
    expect((await run.compile()).report).toMatchObject({ cache_status: 'discarded' });
    expect((await run.runDyno(start)).exitCode).toBe(0);
  },
);
