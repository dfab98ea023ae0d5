import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { failureLines } from '../../src/build/index.ts';
import { findCause } from '../../src/buildpack/index.ts';
import { spawn } from '../../src/lib/spawn.ts';
import { BuildpackRun } from '../rig/buildpack-run.ts';
import type { BrokenApp } from '../rig/broken-apps/broken-app.ts';
import { brokenGo } from '../rig/broken-apps/go.ts';
import { brokenPython } from '../rig/broken-apps/python.ts';
import { brokenRust } from '../rig/broken-apps/rust.ts';
import { brokenScripts } from '../rig/broken-apps/scripts.ts';
import { nodeFailures, startFailingRegistry } from '../rig/node-failures.ts';
import { writeDocSection } from '../rig/write-doc-section.ts';

/** Of these only: a regular expression for `<kind> <title>`. */
const only = new RegExp(process.env['HOKKU_TEST_BROKEN'] ?? '', 'i');
const print = (line: string): void => void process.stderr.write(`${line}\n`);

/** What a machine tells builds about its network. */
const network = Object.fromEntries(
  [
    'SSL_CERT_FILE',
    'CURL_CA_BUNDLE',
    'PIP_CERT',
    'PIP_INDEX_URL',
    'GOPROXY',
    'GOSUMDB',
    'RUSTUP_DIST_SERVER',
    'https_proxy',
  ]
    .map((name): [string, string | undefined] => [name, process.env[name]])
    .filter((entry): entry is [string, string] => entry[1] !== undefined),
);

interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

/** A third-party bin/compile in miniature: bash, told to stop at the first failure. */
async function runScript({ files = {}, script = '' }: BrokenApp): Promise<Ended> {
  const dir = await mkdtemp(join(tmpdir(), 'broken-app-'));
  try {
    await put(dir, files);
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: dir, LC_ALL: 'C', GIT_CEILING_DIRECTORIES: tmpdir() };
    const args = [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      'bash',
      '-e',
      '-o',
      'pipefail',
      '-c',
      `exec 2>&1\n${script}`,
    ];
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await spawn('chown', ['-R', '65534:65534', dir], { env });
    const [program, rest] = isRoot ? ['setpriv', args] : ['bash', args.slice(4)];
    const { exitCode, stdout, stderr } = await spawn(program, rest, { cwd: dir, env, timeoutMs: 60_000 });
    return { exitCode, output: stdout.toString() + stderr };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function put(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
    if (text.startsWith('#!')) await chmod(join(dir, path), 0o755);
  }
}

/** What the pusher reads of it: the last block of the buildpack itself, and what the platform says after it. */
function summaryOf({ kind }: BrokenApp, { exitCode, output }: Ended): string {
  const lines = output.split('\n');
  const headline = lines.findLastIndex((line) => line.startsWith(' !     Error: '));
  const block = headline === -1 ? [] : lines.slice(headline).filter((line) => line.startsWith(' !'));
  const cause = findCause(output)?.line ?? null;
  return [...block, ...failureLines({ reason: 'compile-failed', name: kind, exitCode, cause })].join('\n');
}

it(
  'names the true cause of nine in ten broken apps',
  async () => {
    await using registry = await startFailingRegistry();
    const apps: readonly BrokenApp[] = [
      ...brokenScripts,
      ...brokenGo,
      ...brokenRust,
      ...brokenPython,
      ...nodeFailures.map(({ why, files, says }) => ({
        kind: 'nodejs',
        title: why,
        files: files(registry),
        cause: says,
      })),
    ].filter(({ kind, title }) => only.test(`${kind} ${title}`));
    const runs = new Map<string, BuildpackRun>();
    const counts = new Map<string, { named: number; all: number }>();
    const missed: string[] = [];
    try {
      for (const app of apps) {
        const ended = app.kind === 'script' ? await runScript(app) : await build(app);
        const { exitCode, output } = ended;
        const summary = summaryOf(app, ended);
        const isNamed = exitCode !== 0 && app.cause.test(summary);
        const count = counts.get(app.kind) ?? { named: 0, all: 0 };
        counts.set(app.kind, { named: count.named + (isNamed ? 1 : 0), all: count.all + 1 });
        if (!isNamed) {
          missed.push(`${app.kind}: ${app.title}`);
          print(
            `MISSED ${app.kind}: ${app.title} (status ${exitCode}), wants ${String(app.cause)}\n${summary}\n--- of\n${output.slice(-800)}`,
          );
        }
      }
    } finally {
      for (const run of runs.values()) await run[Symbol.asyncDispose]();
    }
    const named = apps.length - missed.length;
    const share = ((100 * named) / apps.length).toFixed(0);
    const rows = [...counts].map(([kind, { named: n, all }]) => `| ${kind} | ${n} of ${all} |`);
    const page = [
      `${named} of ${apps.length} (${share} %).`,
      '',
      '| Built by | Named |',
      '| --- | --- |',
      ...rows,
      '',
      ...(missed.length === 0 ? [] : [`Missed: ${missed.join('; ')}.`]),
    ].join('\n');
    print(page);
    expect(named / apps.length).toBeGreaterThanOrEqual(0.9);
    if (apps.length >= 120) await writeDocSection('failures.md', 'broken-apps', page);

    async function build(app: BrokenApp): Promise<Ended> {
      const run =
        runs.get(app.kind) ??
        (await BuildpackRun.start(app.kind, {
          ...network,
          ...(app.kind === 'nodejs' && { npm_config_registry: registry.url, NODE_BUILDPACK_SOURCES: 'machine' }),
          ...(app.kind === 'python' && { PYTHON_BUILDPACK_SOURCES: 'machine' }),
        }));
      runs.set(app.kind, run);
      await run.source(app.files ?? {});
      for (const [path, text] of Object.entries(app.files ?? {})) {
        if (text.startsWith('#!')) await chmod(join(run.buildDir, path), 0o755);
      }
      return run.compile();
    }
  },
  60 * 60_000,
);
