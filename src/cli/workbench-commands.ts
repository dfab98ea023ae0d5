import type { Command } from 'commander';
import type { BuildOptions } from './build-command.ts';
import type { RunBuildpackOptions } from './buildpack-run-command.ts';
import type { Run } from './client/register.ts';
import type { Terminal } from './terminal.ts';

const listed = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Declares what needs no server: builds of a folder, and the workbench for authors of buildpacks. */
export function registerWorkbenchCommands(program: Command, terminal: Terminal, run: Run): void {
  program
    .command('build <dir>')
    .description('build a slug from a folder, as a push would, without a server')
    .option('-b, --buildpack <ref>', 'name, URL or folder of a buildpack; several are run in order', listed)
    .option('-o, --output <file>', 'keep the slug in this file (.tgz)')
    .option('--cache <dir>', 'keep the build cache in this folder')
    .option('--env <file>', 'config vars, NAME=value a line')
    .option('--json', 'print the outcome as JSON, and the build on standard error')
    .action((dir: string, options: BuildOptions) =>
      run(async () => (await import('./build-command.ts')).buildCommand(dir, options, terminal)),
    );
  registerBuildpackCommands(program, terminal, run);
}

function registerBuildpackCommands(program: Command, terminal: Terminal, run: Run): void {
  const buildpack = program.command('buildpack').description('make, try, test, check and pack a buildpack');
  buildpack
    .command('run [dir]')
    .description('build an app with the buildpack in a folder, and say what each script did')
    .requiredOption('-a, --app <dir>', 'folder of the app')
    .option('-b, --buildpack <ref>', 'instead of the folder alone: all buildpacks, in order', listed)
    .option('--cache <dir>', 'keep the build cache in this folder')
    .option('--env <file>', 'config vars, NAME=value a line')
    .option('--keep <dir>', 'copy what the scripts left to this new folder')
    .option('--shell', 'open a shell in the build folder if the build fails')
    .action((dir: string | undefined, options: RunBuildpackOptions) =>
      run(async () => (await import('./buildpack-run-command.ts')).runBuildpackCommand(dir ?? '.', options, terminal)),
    );
}
