/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithNode', 'itWithNode.each'] }] */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildpackRun } from '../../rig/buildpack-run.ts';
import { itWithNode } from '../../rig/machine-node.ts';
import { NpmRegistry } from '../../rig/npm-registry.ts';
import { rawTar } from '../../rig/tarball.ts';

/** Says that it is another version, and is otherwise the node that runs this test. */
const pretender = (version: string): string =>
  `#!/bin/sh\nif [ "$1" = --version ]; then echo v${version}; exit; fi\nexec ${process.execPath} "$@"\n`;
const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const npmFiles = { 'bin/npm-cli.js': "#!/usr/bin/env node\nconsole.log('npm of the toolchain')", 'bin/npx-cli.js': '' };

/** A mirror of nodejs.org/dist on loopback. */
class ReleaseMirror implements AsyncDisposable {
  readonly requests: string[] = [];
  /** Paths whose bytes are spoilt, or which end before their time. */
  readonly spoilt = new Set<string>();
  readonly cut = new Set<string>();
  readonly #files = new Map<string, Uint8Array>();
  readonly #versions: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ReleaseMirror> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const mirror = new ReleaseMirror(server);
    server.on('request', ({ url = '/' }, response) => {
      mirror.requests.push(url);
      const bytes = mirror.#files.get(url);
      if (bytes === undefined) response.writeHead(404).end();
      else if (mirror.cut.has(url)) {
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
      } else response.writeHead(200).end(mirror.spoilt.has(url) ? Buffer.concat([bytes, Buffer.from('x')]) : bytes);
    });
    return mirror;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/dist`;
  }

  add(version: string): void {
    const name = `node-v${version}-linux-${arch}`;
    const archive = gzipSync(
      rawTar([
        { name: `${name}/bin/node`, content: pretender(version) },
        { name: `${name}/lib/node_modules/npm/package.json`, content: '{\n  "version": "10.0.0"\n}\n' },
        ...Object.entries(npmFiles).map(([path, content]) => ({
          name: `${name}/lib/node_modules/npm/${path}`,
          content,
        })),
      ]),
    );
    this.#versions.unshift(version);
    const index = this.#versions.map((one) => ({ version: `v${one}`, files: [`linux-${arch}`, 'src'] }));
    const sum = createHash('sha256').update(archive).digest('hex');
    this.#files.set('/dist/index.json', Buffer.from(JSON.stringify(index)));
    this.#files.set(`/dist/v${version}/${name}.tar.gz`, archive);
    this.#files.set(
      `/dist/v${version}/SHASUMS256.txt`,
      Buffer.from(`${'0'.repeat(64)}  node-v${version}.pkg\n${sum}  ${name}.tar.gz\n`),
    );
  }

  static pathOf(version: string): string {
    return `/dist/v${version}/node-v${version}-linux-${arch}.tar.gz`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let mirror: ReleaseMirror;
let registry: NpmRegistry;

beforeAll(async () => {
  mirror = await ReleaseMirror.start();
  for (const version of ['20.1.0', '22.1.0', '24.1.0', '26.1.0']) mirror.add(version);
  registry = await NpmRegistry.start({ token: 'token-of-the-machine' });
  for (const version of ['22.1.0', '22.2.0']) {
    registry.add(`node-linux-${arch}`, version, { 'bin/node': pretender(version), 'include/node/node_version.h': '' });
  }
  registry.add('npm', '10.9.0', npmFiles);
});

afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

const app = (node: string): Readonly<Record<string, string>> => ({
  'package.json': JSON.stringify({ engines: { node }, scripts: { start: 'node .' } }),
});

async function startRun(env: Readonly<Record<string, string>> = {}): Promise<BuildpackRun> {
  const run = await BuildpackRun.start('nodejs', {
    NODEJS_ORG_MIRROR: mirror.url,
    npm_config_registry: registry.url,
    [`npm_config_//127.0.0.1:${registry.port}/:_authToken`]: 'never read: the file is',
    ...env,
  });
  await run.source({ '.npmrc': `//127.0.0.1:${registry.port}/:_authToken=token-of-the-machine\n` });
  return run;
}

/** Where the machine's npm settings lie, with the registry's token. */
const userConfig = (run: BuildpackRun): Readonly<Record<string, string>> => ({
  npm_config_userconfig: join(run.buildDir, '.npmrc'),
});

itWithNode.each<[string, string, string]>([
  ['22.x', '22.2.0', 'registry'],
  ['22.1.0', '22.1.0', 'upstream'],
  ['>=20', '24.1.0', 'upstream'],
  ['26.x', '26.1.0', 'upstream'],
])('takes for %s the newest that fits: %s, from %s', async (range, version, source) => {
  await using run = await startRun();
  const settings = userConfig(run);
  await run.source(app(range));
  const result = await run.compile(settings);
  expect(result.output).not.toContain('Error');
  expect(result.report).toMatchObject({ node_version: version, node_source: source });
  expect((await run.runDyno('node --version; npm')).output).toBe(`v${version}\nnpm of the toolchain\n`);
  expect(result.output).not.toContain('token-of-the-machine');

  const asked = mirror.requests.length + registry.requests.length;
  await run.source(app(range));
  expect((await run.compile(settings)).report).toMatchObject({ node_version: version });
  expect(mirror.requests.length + registry.requests.length).toBe(asked);
});

itWithNode('goes on with the other sources when one is closed, and says what each said when none helps', async () => {
  await using run = await startRun({ NODEJS_ORG_MIRROR: 'http://127.0.0.1:9/dist' });
  const settings = userConfig(run);
  await run.source(app('22.x'));
  expect((await run.compile(settings)).report).toMatchObject({ node_version: '22.2.0', node_source: 'registry' });

  await run.source(app('19.x'));
  const result = await run.compile(settings);
  expect(result.report).toMatchObject({ failure_reason: 'node-version::unavailable' });
  expect(result.output).toMatch(
    /Node\.js 19\.x can't be had.*127\.0\.0\.1:9 doesn't answer.*What can be had:.*22\.2\.0/s,
  );
});

itWithNode('uses nothing that is spoilt or cut short, and leaves nothing of it behind', async () => {
  await using run = await startRun();
  mirror.spoilt.add(ReleaseMirror.pathOf('20.1.0'));
  await run.source(app('20.1.0'));
  const spoilt = await run.compile();
  expect([spoilt.exitCode, spoilt.report['failure_reason']]).toEqual([1, 'install-node']);
  expect(spoilt.output).toContain('the checksum is wrong');

  mirror.cut.add(ReleaseMirror.pathOf('24.1.0'));
  await run.source(app('24.1.0'));
  const cut = await run.compile();
  expect([cut.exitCode, cut.report['failure_reason']]).toEqual([1, 'install-node']);
  const left = await readdir(join(run.cacheDir, 'node-toolchain')).catch(() => []);
  expect(left.filter((name) => name !== 'last')).toEqual([]);

  mirror.spoilt.clear();
  mirror.cut.clear();
  await run.source(app('24.1.0'));
  expect((await run.compile()).report).toMatchObject({ node_version: '24.1.0' });
});
