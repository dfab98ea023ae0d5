import { basename, relative, join, resolve } from 'node:path';
import { packageRoot } from '../lib/package-root.ts';
import { lintBuildpack, newBuildpack, packBuildpack, requireBuildpack } from '../workbench/index.ts';
import type { Terminal } from './terminal.ts';

/** `hokku buildpack new NAME` */
export async function newBuildpackCommand(name: string, terminal: Terminal): Promise<number> {
  const dir = await newBuildpack(name, process.cwd(), join(packageRoot, 'fixtures', 'new-buildpack'));
  const shown = relative(process.cwd(), dir);
  terminal.out(
    [
      `Made ${shown}, a buildpack that works. Try it:`,
      `    hokku buildpack test ${shown}`,
      `    hokku buildpack run ${shown} --app ${shown}/test/hello/app`,
      '',
    ].join('\n'),
  );
  return 0;
}

/** `hokku buildpack lint [DIR]`: 1 if there is an error or a warning. */
export async function lintBuildpackCommand(
  dir: string,
  options: { readonly json?: true },
  terminal: Terminal,
): Promise<number> {
  const result = await lintBuildpack(resolve(dir));
  const { findings, hasShellcheck, scriptCount } = result;
  if (options.json === true) {
    terminal.out(`${JSON.stringify(result, null, 2)}\n`);
  } else {
    for (const { path, line, level, rule, message } of findings) {
      terminal.out(`${path}${line === null ? '' : `:${line}`}: ${level}: ${message} [${rule}]\n`);
    }
    terminal.out(`${scriptCount} scripts, ${findings.length} findings\n`);
  }
  if (!hasShellcheck) {
    terminal.err('hokku: without shellcheck, which finds more: sudo apt-get install shellcheck\n');
  }
  return findings.every(({ level }) => level === 'note') ? 0 : 1;
}

/** `hokku buildpack pack [DIR] [-o FILE]` */
export async function packBuildpackCommand(
  dir: string,
  options: { readonly output?: string },
  terminal: Terminal,
): Promise<number> {
  const root = resolve(dir);
  await requireBuildpack(root);
  const file = resolve(options.output ?? `${basename(root)}.tgz`);
  const { sha256, sizeBytes } = await packBuildpack(root, file);
  terminal.out(`${relative(process.cwd(), file)}: ${sizeBytes} bytes, SHA-256 ${sha256}\n`);
  return 0;
}
