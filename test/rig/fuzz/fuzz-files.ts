import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseManifest } from '../../../src/app/index.ts';
import { TarFault } from '../../../src/lib/tar-check.ts';
import { parseProcfile } from '../../../src/slug/index.ts';
import { unpackSource } from '../../../src/source/unpack-source.ts';
import { rawTar } from '../tarball.ts';
import { anyJson, mutate, type Random } from './random.ts';

const procfile = Buffer.from(
  'web: node server.js $PORT\nworker: rake jobs\n# comment\nrelease: ./migrate\nsome-thing  x\n',
);
const manifest = {
  name: 'fuzz',
  env: { A: 'b', SECRET: { generator: 'secret' }, C: { value: 'x', required: false } },
  buildpacks: [{ url: 'heroku/python' }],
  formation: { web: { quantity: 1, size: 'basic' } },
  scripts: { postdeploy: 'echo done' },
  environments: { review: { env: { X: 'y' }, scripts: { postdeploy: 'true' } } },
  success_url: '/welcome',
};

/** A sentence for each input that was taken too slowly or that something else than its own words came of. */
export function fuzzTexts(rounds: number, random: Random): readonly string[] {
  const wrong: string[] = [];
  const keep = (what: string, input: string | Buffer, work: () => unknown): void => {
    const startedAt = performance.now();
    try {
      work();
    } catch (error) {
      wrong.push(`${what} threw ${String(error)} for ${JSON.stringify(input.toString('latin1').slice(0, 300))}`);
    }
    const ms = performance.now() - startedAt;
    if (ms > 2_000) wrong.push(`${what} took ${Math.round(ms)} ms for ${input.length} bytes`);
  };
  for (let round = 0; round < rounds; round += 1) {
    const text = mutate(procfile, random, ['web', ':', ' '.repeat(50_000), 'x'.repeat(70_000)]);
    keep('parseProcfile', text, () => parseProcfile(text));
    const given = { ...manifest, [random.pick(Object.keys(manifest))]: anyJson(random) };
    const json = random.chance(2)
      ? JSON.stringify(given)
      : mutate(Buffer.from(JSON.stringify(given)), random).toString();
    const context = {
      stack: 'heroku-24',
      env: {},
      buildpacks: null,
      environment: random.chance(2) ? 'review' : null,
    } as const;
    keep('parseManifest', json, () => parseManifest(json, context));
  }
  return wrong;
}

const honest = rawTar([
  { name: './app/', type: '5' },
  { name: './app/file.txt', content: 'hello' },
  { name: './app/link', type: '2', link: '../../../../outside' },
  { name: './app/other', type: '1', link: './app/file.txt' },
  { name: './app/link/through', content: 'never written' },
  { name: 'pax', type: 'x', content: '20 path=./app/named\n' },
  { name: './app/x', content: 'x'.repeat(700) },
]);

/** Unpacks damaged archives; what is not a fault of the archive, or lies outside of its folder, is told. */
export async function fuzzTarballs(rounds: number, random: Random): Promise<readonly string[]> {
  const wrong: string[] = [];
  const base = await mkdtemp(join(tmpdir(), 'hokku-fuzz-'));
  try {
    for (let round = 0; round < rounds; round += 1) {
      const home = join(base, String(round));
      await mkdir(home, { mode: 0o777 });
      const tar = mutate(honest, random, ['../../outside', '/etc/outside', './app/link/outside', '0', 'S', 'L', 'x']);
      const file = join(home, 'source.tgz');
      const packed = gzipSync(withSums(tar, random));
      await writeFile(file, random.chance(5) ? mutate(packed, random) : packed);
      const options = { uid: process.getuid?.() ?? 0, maxBytes: 100_000, signal: AbortSignal.timeout(20_000) };
      try {
        await unpackSource(file, join(home, 'unpacked'), options);
      } catch (error) {
        if (!(error instanceof TarFault)) wrong.push(`round ${round}: unpackSource threw ${String(error)}`);
      }
      const names = (await readdir(home)).filter((name) => name !== 'source.tgz' && name !== 'unpacked');
      if (names.length > 0) wrong.push(`round ${round}: ${names.join(', ')} was written outside of the folder`);
      await rm(home, { recursive: true, force: true });
    }
    const outside = await readdir(base);
    if (outside.length > 0) wrong.push(`${outside.join(', ')} was written outside of all folders`);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
  return wrong;
}

/** Most damaged headers get a right sum again: else nothing behind the sum would ever be tried. */
function withSums(tar: Buffer, random: Random): Buffer {
  const fixed = Buffer.from(tar);
  for (let at = 0; at + 512 <= fixed.length; at += 512) {
    if (fixed.toString('latin1', at + 257, at + 262) !== 'ustar' || random.chance(20)) continue;
    fixed.fill(' ', at + 148, at + 156);
    const sum = fixed.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    fixed.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
  }
  return fixed;
}
