/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithNode', 'itWithNode.each'] }] */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { itWithNode } from '../rig/machine-node.ts';
import { NpmRegistry } from '../rig/npm-registry.ts';
import { PlatformRig } from '../rig/platform-rig.ts';

let registry: NpmRegistry;
let rig: PlatformRig;

beforeAll(async () => {
  registry = await NpmRegistry.start({ token: 'token-of-the-registry' });
  registry.add('greeting', '1.0.0', { 'index.js': 'module.exports = (name) => `Hello, ${name}, in version 1`;\n' });
  registry.add('left-behind', '1.0.0', { 'index.js': 'module.exports = 1;\n' });
  // Toolchains from here too, which has none: so that neither the network nor its speed decides, the machine's node is used.
  rig = await PlatformRig.start({
    settings: { npm_config_registry: registry.url, NODEJS_ORG_MIRROR: `${registry.url}no-releases` },
  });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

itWithNode('builds with npm, keeps the packages for the next push, and runs without devDependencies', async () => {
  const app = await rig.createApp();
  await app.write({
    '.npmrc': `registry=${registry.url}\n//127.0.0.1:${registry.port}/:_authToken=\${NPM_TOKEN}\n`,
    'package.json': JSON.stringify({
      name: 'greeter',
      version: '1.0.0',
      scripts: { build: 'node build.js', start: 'node server.js' },
      dependencies: { greeting: '^1.0.0' },
      devDependencies: { 'left-behind': '1.0.0' },
    }),
    'build.js': "require('fs').writeFileSync('built.txt', `built with ${require('left-behind')}\\n`);\n",
    'server.js': `const left = (() => { try { return require('left-behind'); } catch { return 'pruned'; } })();
      require('http').createServer((request, response) => {
        response.end([require('greeting')('world'), left, require('fs').readFileSync('built.txt', 'utf8'), process.env.NODE_ENV].join(' / '));
      }).listen(process.env.PORT);`,
    'package-lock.json': registry.lockFile('greeter', { greeting: '1.0.0' }, { 'left-behind': '1.0.0' }),
  });
  await app.commit('first');

  const refused = await app.push();
  expect(refused.exitCode).toBe(1);
  expect(refused.output).toContain('The npm registry refused access');

  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { NPM_TOKEN: 'token-of-the-registry' });
  const first = await app.push();
  expect(first.output).not.toContain('token-of-the-registry');
  expect(first.remoteLines).toEqual(
    expect.arrayContaining(['-----> Node.js app detected', '       npm ci', '-----> Pruning devDependencies']),
  );
  expect(first.exitCode).toBe(0);
  expect((await app.get()).body).toBe('Hello, world, in version 1 / pruned / built with 1\n / production');

  const asked = registry.requests.length;
  await app.write({ 'README.md': 'Changed.\n' });
  await app.commit('second');
  const second = await app.push();
  expect(second.remoteLines).toContain('-----> Using cached packages: nothing that npm would read has changed');
  expect(registry.requests.slice(asked)).toEqual([]);
  expect((await app.get()).body).toBe('Hello, world, in version 1 / pruned / built with 1\n / production');
});

itWithNode('builds a front end and serves its files, and serves a site of plain files', async () => {
  const front = await rig.createApp();
  await front.write({
    'package.json': JSON.stringify({ scripts: { dev: 'vite', start: 'vite', build: 'node build.js' } }),
    'build.js': "require('fs').mkdirSync('dist'); require('fs').writeFileSync('dist/index.html', 'built');\n",
  });
  await front.commit();
  const built = await front.push();
  expect(built.output).toContain('Serving the files that the build left in dist/');
  expect(await front.get('/some/page')).toMatchObject({ status: 200, body: 'built' });

  const site = await rig.createApp();
  await site.useFixture('static-site');
  await site.commit();
  const push = await site.push();
  expect(push.remoteLines).toContain('-----> Static app detected');
  expect((await site.get('/about')).body).toContain('About this site');
  expect(await site.get('/../static.json')).toMatchObject({ status: 404 });
});
