/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithNode', 'itWithGo'] }] */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { finish, install, installPackage } from '../rig/install-package.ts';
import { checkout, PlatformRig } from '../rig/platform-rig.ts';

const sources = join(checkout, 'test', 'compatibility');
const nodeLibrary = await installPackage('heroku-client', '3.1.0', 'package.json');
const goSource = await readFile(join(sources, 'go-client', 'main.go'));
const goDigest = createHash('sha256').update(goSource).digest('hex').slice(0, 8);
// A program with the library compiled into it: `go` gets the library, the checksums in go.sum decide.
const goProgram = await install(`heroku-go-5.5.0-${goDigest}`, 'client', (dir) => [
  'go',
  'build',
  '-C',
  join(sources, 'go-client'),
  '-o',
  join(dir, 'client'),
  '.',
]);
for (const library of [nodeLibrary, goProgram]) {
  if (library.status === 'missing') process.stderr.write(`skipped: ${library.reason}\n`);
}
const itWithNode = nodeLibrary.status === 'installed' ? it : it.skip;
const itWithGo = goProgram.status === 'installed' ? it : it.skip;

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start();
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

async function answers(program: string, ...args: readonly string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await finish(spawn(program, args), 60_000);
  if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}

const expected = {
  email: 'admin@localhost',
  missing: expect.stringContaining("Couldn't find that app."),
  // Ordered and limited by a Range header: the config var, and what every app begins with.
  versions: [3, 2],
};

itWithNode('the official library for Node.js makes, configures, shows and deletes an app', async () => {
  const library = nodeLibrary.status === 'installed' ? join(nodeLibrary.dir, 'node_modules', 'heroku-client') : '';
  const args = [join(sources, 'node-client.cjs'), library, rig.url, rig.token, 'node-made'];
  expect(await answers(process.execPath, ...args)).toEqual({ app: 'node-made', greeting: 'from Node', ...expected });
  expect((await rig.api('GET', '/apps')).json).toEqual([]);
});

itWithGo('the official library for Go makes, configures, shows and deletes an app', async () => {
  const program = goProgram.status === 'installed' ? join(goProgram.dir, 'client') : '';
  const made = await answers(program, rig.url, rig.token, 'go-made');
  expect(made).toEqual({ app: 'go-made', greeting: 'from Go', ...expected });
  expect((await rig.api('GET', '/apps')).json).toEqual([]);
});
