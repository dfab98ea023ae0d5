import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from '../../../src/lib/spawn.ts';
import { BuildpackRun } from '../../rig/buildpack-run.ts';

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
const hasLinker = (await spawn('cc', ['--version'], { env }).catch(() => null))?.exitCode === 0;
if (!hasLinker) process.stderr.write('skipped: tests of the Rust buildpack, because this machine has no cc\n');
const machine = `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-unknown-linux-gnu`;
let server: string;

beforeAll(async () => {
  server = await mkdtemp(join(tmpdir(), 'rust-dist-'));
  for (const [channel, version] of [
    ['stable', '1.90.0'],
    ['1.85', '1.85.1'],
    ['nightly', '1.92.0-nightly'],
  ] as const)
    await publish(channel, version);
});

afterAll(() => rm(server, { recursive: true, force: true }));

/** Stand-ins that say their version and make a program that says it, too. */
const programs = (version: string): Readonly<Record<string, string>> => ({
  rustc: `#!/bin/sh\necho "rustc ${version} (0123 2026-01-01)"\n`,
  cargo: [
    '#!/bin/bash',
    'if grep -q broken src/main.rs; then echo "error[E0425]: cannot find value \\`broken\\`" >&2; exit 101; fi',
    'name="$(sed -n "s/^name = //p" Cargo.toml | tr -d \\")"; mkdir -p "$CARGO_TARGET_DIR/release"',
    `printf '#!/bin/sh\\necho built with ${version}: %s' "$*" > "$CARGO_TARGET_DIR/release/$name"; chmod +x "$CARGO_TARGET_DIR/release/$name"`,
    'echo "{\\"reason\\":\\"compiler-artifact\\",\\"executable\\":\\"$CARGO_TARGET_DIR/release/$name\\"}"',
    '',
  ].join('\n'),
});

/** https://forge.rust-lang.org/infra/channel-layout.html */
async function publish(channel: string, version: string): Promise<void> {
  const sections: string[] = ['manifest-version = "2"'];
  for (const component of ['rustc', 'cargo', 'rust-std']) {
    const top = `${component}-${version}-${machine}`;
    const dir = await mkdtemp(join(tmpdir(), 'rust-component-'));
    const inner = join(dir, top, component);
    await mkdir(join(inner, 'bin'), { recursive: true });
    await writeFile(join(inner, 'manifest.in'), 'file:x\n');
    await writeFile(join(dir, top, 'install.sh'), '');
    const text = programs(version)[component];
    if (text !== undefined) {
      await writeFile(join(inner, 'bin', component), text);
      await chmod(join(inner, 'bin', component), 0o755);
    }
    const packed = await spawn('tar', ['-cz', '-C', dir, top], { env });
    await rm(dir, { recursive: true });
    const path = `dist/2026-01-01/${top}.tar.gz`;
    await put(path, packed.stdout);
    sections.push(
      `[pkg.${component}]\nversion = "${version} (0123 2026-01-01)"`,
      `[pkg.${component}.target.${machine}]\navailable = true\nurl = "https://static.rust-lang.org/${path}"\nhash = "${sum(packed.stdout)}"\nxz_url = "none"`,
    );
  }
  const manifest = sections.join('\n');
  await put(`dist/channel-rust-${channel}.toml`, manifest);
  await put(`dist/channel-rust-${channel}.toml.sha256`, `${sum(Buffer.from(manifest))}  channel.toml\n`);
}

const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(server, path)), { recursive: true });
  await writeFile(join(server, path), content);
}

const app = {
  'Cargo.toml': '[package]\nname = "shop"\nversion = "0.1.0"\n',
  'Cargo.lock': 'version = 4\n',
  'src/main.rs': 'fn main() {}\n',
};
const itWithLinker = hasLinker ? it : it.skip;

/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithLinker', 'itWithLinker.each'] }] */
itWithLinker.each<{ asks: string; files: Readonly<Record<string, string>>; gets: string }>([
  { asks: 'nothing', files: {}, gets: '1.90.0' },
  { asks: 'a series', files: { 'rust-toolchain': '1.85\n' }, gets: '1.85.1' },
  { asks: 'a channel', files: { 'rust-toolchain.toml': '[toolchain]\nchannel = "nightly"\n' }, gets: '1.92.0-nightly' },
])('compiles with Rust $gets what asks for $asks', async ({ files, gets }) => {
  await using run = await BuildpackRun.start('rust', {
    RUSTUP_DIST_SERVER: `file://${server}`,
    RUST_BUILDPACK_SOURCES: 'upstream',
  });
  await run.source({ ...app, ...files });

  const cold = await run.compile();

  expect([cold.exitCode, cold.output]).toEqual([0, expect.stringContaining('cargo build --release --bins --locked')]);
  expect(cold.output).not.toContain('cp:');
  expect(cold.report).toMatchObject({ rust_version: gets, programs: 'shop' });
  expect(cold.release).toContain('web: "./target/release/shop"');
  expect((await run.runDyno('./target/release/shop')).output).toContain(`built with ${gets}`);

  await run.source({ ...app, ...files });
  const warm = await run.compile();
  expect([warm.exitCode, warm.output]).toEqual([0, expect.stringContaining('Nothing has changed')]);
  expect((await run.runDyno('./target/release/shop')).output).toContain(`built with ${gets}`);

  await run.source({ ...app, ...files, 'src/main.rs': 'broken\n' });
  const broken = await run.compile();
  expect([broken.exitCode, broken.output]).toEqual([1, expect.stringContaining("Error: The app doesn't compile")]);
  expect(broken.output).toContain(' !     error[E0425]: cannot find value `broken`');
});

itWithLinker('goes on with the compiler of the last build when nobody can be asked for a newer one', async () => {
  const sources = { RUSTUP_DIST_SERVER: `file://${server}`, RUST_BUILDPACK_SOURCES: 'upstream' };
  await using run = await BuildpackRun.start('rust', sources);
  await run.source(app);
  expect((await run.compile()).output).toContain('Installing Rust 1.90.0 (0123 2026-01-01) (of rust-lang.org)');
  const asked = join(run.cacheDir, 'rust/compiler/request');
  const weekAgo = new Date(Date.now() - 8 * 24 * 3600 * 1000);

  await utimes(asked, weekAgo, weekAgo);
  await run.source(app);
  const offline = await run.compile({ RUSTUP_DIST_SERVER: `file://${server}/nowhere` });
  expect([offline.exitCode, offline.output]).toEqual([
    0,
    expect.stringContaining('Using Rust 1.90.0 of the last build'),
  ]);

  const online = await run.compile();
  expect(online.output).not.toContain('Installing');
  expect((await stat(asked)).mtimeMs).toBeGreaterThan(weekAgo.getTime() + 1000);
});

itWithLinker.each<{ what: string; files: Readonly<Record<string, string>>; says: string }>([
  { what: 'no version', files: { 'rust-toolchain': 'latest\n' }, says: 'It says: latest' },
  { what: 'a link for a folder', files: { target: 'x\n' }, says: "'target' in your app is not a folder" },
])('says what is wrong: $what', async ({ files, says }) => {
  await using run = await BuildpackRun.start('rust', {
    RUSTUP_DIST_SERVER: `file://${server}`,
    RUST_BUILDPACK_SOURCES: 'upstream',
  });
  await run.source({ ...app, ...files });
  const { exitCode, output } = await run.compile();
  expect([exitCode, output]).toEqual([1, expect.stringContaining(says)]);
});
