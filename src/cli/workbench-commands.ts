import { Option, type Command } from 'commander';
import type { BuildOptions } from './build-command.ts';
import type { RunBuildpackOptions } from './buildpack-run-command.ts';
import type { TestOptions } from './buildpack-test-command.ts';
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
    .command('new <name>')
    .description('make a buildpack that works, in a new folder')
    .action((name: string) => run(async () => (await tools()).newBuildpackCommand(name, terminal)));
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
  buildpack
    .command('test [dir]')
    .description('run the cases of the buildpack in a folder')
    .option('--only <regex>', 'only the cases whose name matches')
    .option('--update', 'write the snapshots as the output is now')
    .option('--watch', 'test again whenever a file changes')
    .option('-j, --jobs <number>', 'cases that run side by side')
    .addOption(
      new Option('--reporter <name>', 'how results are printed')
        .choices(['pretty', 'junit', 'tap', 'json'])
        .default('pretty'),
    )
    .option('--coverage', 'tell which lines of bash ran, and which were slow; coverage/lcov.info')
    .option('--logs <dir>', 'write the output of every build below this folder')
    .addOption(new Option('--record <dir>', 'keep what the scripts download with curl').conflicts('replay'))
    .option('--replay <dir>', 'serve what was recorded there instead of the internet')
    .action((dir: string | undefined, options: TestOptions) =>
      run(async () =>
        (await import('./buildpack-test-command.ts')).testBuildpackCommand(dir ?? '.', options, terminal),
      ),
    );
  buildpack
    .command('lint [dir]')
    .description('read the scripts of the buildpack in a folder for what goes wrong elsewhere')
    .option('--json', 'print the findings as JSON')
    .action((dir: string | undefined, options: { json?: true }) =>
      run(async () => (await tools()).lintBuildpackCommand(dir ?? '.', options, terminal)),
    );
  buildpack
    .command('pack [dir]')
    .description('make the archive of a buildpack that platforms fetch; the same files, the same bytes')
    .option('-o, --output <file>', 'the archive (default: the name of the folder, .tgz)')
    .action((dir: string | undefined, options: { output?: string }) =>
      run(async () => (await tools()).packBuildpackCommand(dir ?? '.', options, terminal)),
    );
}

const tools = () => import('./buildpack-tools-commands.ts');
