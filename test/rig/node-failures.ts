import { NpmRegistry } from './npm-registry.ts';

export interface NodeFailure {
  readonly why: string;
  readonly files: (registry: NpmRegistry) => Readonly<Record<string, string>>;
  /** Of bin/report. */
  readonly reason: string;
  /** What the message to the pusher holds. */
  readonly says: RegExp;
}

/** A registry that has what the failures need. */
export async function startFailingRegistry(): Promise<NpmRegistry> {
  const registry = await NpmRegistry.start();
  registry.add('plain', '1.0.0', { 'index.js': '' });
  registry.add('plain', '2.0.0', { 'index.js': '' });
  registry.add('needs-plain-1', '1.0.0', { 'index.js': '' }, { peerDependencies: { plain: '^1.0.0' } });
  registry.add('needs-old-node', '1.0.0', { 'index.js': '' }, { engines: { node: '0.10.x' } });
  registry.add(
    'native',
    '1.0.0',
    { 'index.js': '' },
    {
      scripts: { install: "echo 'gyp ERR! stack Error: not found: make' >&2; exit 1" },
    },
  );
  return registry;
}

export const manifest = (dependencies: Readonly<Record<string, string>>, scripts = {}): string =>
  JSON.stringify({ name: 'a', version: '1.0.0', dependencies, scripts });

/** Apps that nobody can build, and what is said about each. */
export const nodeFailures: readonly NodeFailure[] = [
  {
    why: 'a lock file that lags behind',
    files: (registry) => ({
      'package.json': manifest({ plain: '2.0.0' }),
      'package-lock.json': registry.lockFile('a', { plain: '1.0.0' }),
    }),
    reason: 'outdated-lock-file',
    says: /package-lock\.json doesn't fit package\.json\..*plain.*git add package\.json package-lock\.json/s,
  },
  {
    why: 'peers that contradict each other',
    files: () => ({ 'package.json': manifest({ plain: '2.0.0', 'needs-plain-1': '1.0.0' }) }),
    reason: 'peer-conflict',
    says: /ERESOLVE.*plain@"\^1\.0\.0".*legacy-peer-deps/s,
  },
  {
    why: 'a package that does not exist',
    files: () => ({ 'package.json': manifest({ 'no-such-thing': '1.0.0' }) }),
    reason: 'no-such-package',
    says: /no such package.*no-such-thing/s,
  },
  {
    why: 'a version that does not exist',
    files: () => ({ 'package.json': manifest({ plain: '7.0.0' }) }),
    reason: 'no-such-version',
    says: /plain@7\.0\.0/,
  },
  {
    why: 'a package for another Node.js',
    files: () => ({ 'package.json': manifest({ 'needs-old-node': '1.0.0' }), '.npmrc': 'engine-strict=true\n' }),
    reason: 'engine-mismatch',
    says: /needs another version of Node\.js.*0\.10\.x/s,
  },
  {
    why: 'bytes that are not those of the lock file',
    files: (registry) => ({
      'package.json': manifest({ plain: '1.0.0' }),
      'package-lock.json': registry
        .lockFile('a', { plain: '1.0.0' })
        .replace(registry.integrity('plain', '1.0.0'), registry.integrity('plain', '2.0.0'))
        .replace('^1.0.0', '1.0.0'),
    }),
    reason: 'integrity',
    says: /isn't the one whose checksum package-lock\.json states/,
  },
  {
    why: 'a registry that is not there',
    files: () => ({
      'package.json': manifest({ plain: '1.0.0' }),
      '.npmrc': 'registry=http://127.0.0.1:9/\nfetch-retries=0\n',
    }),
    reason: 'no-network',
    says: /can't be reached.*127\.0\.0\.1:9/s,
  },
  {
    why: 'native code without make',
    files: () => ({ 'package.json': manifest({ native: '1.0.0' }) }),
    reason: 'native-module',
    says: /no make on this machine.*The package: native/s,
  },
  {
    why: 'a command that is not there',
    files: () => ({ 'package.json': manifest({}, { build: 'no-such-command --all' }) }),
    reason: 'command-not-found',
    says: /the script 'build' runs doesn't exist: no-such-command/,
  },
  {
    why: 'a module that is not there',
    files: () => ({
      'package.json': manifest({}, { 'heroku-postbuild': 'node build.js' }),
      'build.js': "require('no-such-module');",
    }),
    reason: 'script::module-not-found',
    says: /Cannot find module 'no-such-module'/,
  },
  {
    why: 'too little memory',
    files: () => ({
      'package.json': manifest({}, { build: 'node --max-old-space-size=16 build.js' }),
      'build.js': 'const all = []; for (;;) all.push(new Array(10000).fill({}));',
    }),
    reason: 'heap-out-of-memory',
    says: /JavaScript heap out of memory.*NODE_OPTIONS=--max-old-space-size/s,
  },
  {
    why: 'a script of its own that fails',
    files: () => ({
      'package.json': manifest({}, { build: 'node build.js' }),
      'build.js': "throw new TypeError('no such page');",
    }),
    reason: 'script::build',
    says: /failed, with exit status 1\..*TypeError: no such page.*NODE_ENV=production npm run build/s,
  },
];
