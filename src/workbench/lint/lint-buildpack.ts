import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { bashCommands } from '../bash-commands.ts';
import { bashScripts } from '../coverage.ts';
import { findCases } from '../find-cases.ts';
import { checkFiles } from './file-rules.ts';
import type { Finding, LintLevel, Script } from './finding.ts';
import { checkDownloads, checkLines } from './line-rules.ts';
import { shellcheck, unquotedArguments } from './shellcheck.ts';

export interface LintResult {
  /** By file and line. */
  readonly findings: readonly Finding[];
  readonly hasShellcheck: boolean;
  readonly scriptCount: number;
}

const order: readonly LintLevel[] = ['error', 'warning', 'note'];

/** What can be told of a buildpack without running it. `# lint: allow RULE` in a line, or in the one before, silences a rule there. */
export async function lintBuildpack(dir: string): Promise<LintResult> {
  const scripts = await readScripts(dir);
  const paths = await listPaths(dir);
  const said = await shellcheck(dir, scripts);
  const found = [
    ...checkFiles(scripts, paths),
    ...scripts.flatMap(checkLines),
    ...checkDownloads(scripts),
    ...(said ?? scripts.flatMap(unquotedArguments)),
    ...(await checkCases(dir)),
  ];
  const byPath = new Map(scripts.map((script) => [script.path, script]));
  const findings = found.filter((finding) => !isAllowed(finding, byPath.get(finding.path)));
  return { findings: findings.toSorted(compare), hasShellcheck: said !== null, scriptCount: scripts.length };
}

async function readScripts(dir: string): Promise<readonly Script[]> {
  const inBin = (await listPaths(dir)).filter((path) => path.startsWith('bin/')).map((path) => join(dir, path));
  const files = new Set([...inBin, ...(await bashScripts(dir))]);
  const scripts: Script[] = [];
  for (const file of [...files].toSorted()) {
    const [text, { mode }] = [await readFile(file, 'utf8'), await stat(file)];
    scripts.push({ path: relative(dir, file), mode, text, commands: bashCommands(text) });
  }
  return scripts;
}

/** Of `bin/` and `profile.d/`. */
async function listPaths(dir: string): Promise<readonly string[]> {
  const lists = ['bin', 'profile.d'].map(async (folder) => {
    const entries = await readdir(join(dir, folder), { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isFile()).map(({ name }) => `${folder}/${name}`);
  });
  return (await Promise.all(lists)).flat();
}

async function checkCases(dir: string): Promise<readonly Finding[]> {
  const cases = await findCases(dir);
  if (cases.length === 0) {
    const message =
      'there is no case, so nobody knows whether it works: write test/<name>/case.yml (docs/writing-buildpacks.md)';
    return [{ rule: 'no-cases', level: 'note', path: 'test', line: null, message }];
  }
  return cases.flatMap((loaded) =>
    loaded.status === 'loaded'
      ? []
      : loaded.faults.map((message): Finding => ({
          rule: 'invalid-case',
          level: 'error',
          path: relative(dir, loaded.file),
          line: null,
          message,
        })),
  );
}

function isAllowed({ rule, line }: Finding, script: Script | undefined): boolean {
  if (script === undefined) return false;
  const lines = script.text.split('\n');
  const near = line === null ? lines.slice(0, 5) : lines.slice(Math.max(0, line - 2), line);
  return near.some((text) => new RegExp(`#\\s*lint: allow .*\\b${rule}\\b`).test(text));
}

function compare(a: Finding, b: Finding): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || order.indexOf(a.level) - order.indexOf(b.level);
}
