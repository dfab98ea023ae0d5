import { Command, CommanderError } from 'commander';
import { readEnvironment } from '../config/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { ClientError, renderError } from './client/client-error.ts';
import { paintFor } from './client/paint.ts';
import { ClientCommands, type Run } from './client/register.ts';
import { registerOperatorCommands } from './operator-commands.ts';
import { registerPlatformCommands } from './platforms/register.ts';
import { consoleTerminal, type Terminal } from './terminal.ts';
import { registerWorkbenchCommands } from './workbench-commands.ts';
import { readVersion } from './version.ts';

/** Resolves with the exit status: 0 done, 1 the operation failed, 2 the command line was wrong, 130 interrupted. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const terminal = consoleTerminal();
  let status = 0;
  const run: Run = async (work) => {
    status = await work();
  };
  try {
    await buildProgram(terminal, run).parseAsync(argv);
    return status;
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

/** Every command with its options; what a command does is loaded when it is called. */
export function buildProgram(terminal: Terminal, run: Run): Command {
  const program = new Command('hokku')
    .description('A Heroku you own: git push to your own machine, and the app is live.')
    .version(readVersion(), '-V, --version', 'output the version number')
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        terminal.err(text);
      },
    });
  program.commandsGroup('For whoever runs a platform:');
  registerOperatorCommands(program, terminal, run);
  program.commandsGroup('For buildpack authors, without a server:');
  registerWorkbenchCommands(program, terminal, run);
  program.commandsGroup('Platforms and logins:');
  registerPlatformCommands(program, terminal, run);
  program.commandsGroup('Apps, as the heroku CLI has them:');
  new ClientCommands(program, terminal, run).register();
  program.commandsGroup('Help:');
  program
    .command('completion <shell>')
    .description('print a script that completes commands in bash: eval "$(hokku completion bash)"')
    .action((shell: string) =>
      run(async () => (await import('./completion-command.ts')).completionCommand(shell, program, terminal)),
    );
  return program;
}

function reportFailure(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ClientError) {
    const { stderr } = process;
    const depth = stderr.isTTY ? stderr.getColorDepth() : 1;
    const paint = paintFor({ isTerminal: stderr.isTTY, depth, env: readEnvironment() });
    terminal.err(renderError(error, paint.bang));
    return error.exitCode;
  }
  // Of the system, such as a refused connection: its message says it all. Anything else is a fault of ours.
  if (error instanceof PlatformError || (error instanceof Error && 'syscall' in error)) {
    terminal.err(`hokku: ${error.message}\n`);
    return 1;
  }
  throw error;
}
