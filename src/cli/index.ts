import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';
import { packageRoot } from '../lib/package-root.ts';
import { demoCommand } from './demo/index.ts';
import { doctorCommand } from './doctor/index.ts';
import { envCommand } from './env-command.ts';
import { serverCommand } from './server-command.ts';
import { stopCommand } from './stop-command.ts';
import { consoleTerminal } from './terminal.ts';

/** Resolves with the exit status: 0 done, 1 the operation failed, 2 the command line was wrong, 130 interrupted. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const terminal = consoleTerminal();
  let status = 0;
  const action =
    <Arguments extends unknown[]>(run: (...args: Arguments) => Promise<number>) =>
    async (...args: Arguments): Promise<void> => {
      status = await run(...args);
    };
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };

  const program = new Command('hokku')
    .description('A Heroku you own: git push to your own machine, and the app is live.')
    .version(version)
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

  program
    .command('server')
    .description('run the platform until SIGTERM (apps stay up for the next start) or Ctrl-C (apps stop too)')
    .action(action(() => serverCommand(terminal)));
  program
    .command('stop')
    .description('stop the platform of this data folder, its router and every dyno')
    .action(action(() => stopCommand(terminal)));
  program
    .command('doctor')
    .description('say what this machine can do, and what to do about what it cannot')
    .option('--fix', 'as root: install what is missing from the distribution')
    .option('--json', 'print the findings as JSON')
    .option('--brief', 'print only what is not as it should be')
    .action(action((options: { fix?: true; json?: true; brief?: true }) => doctorCommand(options, terminal)));
  program
    .command('env')
    .description('print the exports that point the heroku CLI and git at a platform: eval "$(hokku env)"')
    .option('--shell <shell>', 'sh, fish or powershell', 'sh')
    .option('--json', 'print the variables as JSON')
    .action(action((options: { shell: string; json?: true }) => envCommand(options, terminal)));
  program
    .command('demo')
    .description('start a platform here, push a Python app to it and show the page')
    .option('--once', 'stop after the first answered request')
    .action(action((options: { once?: true }) => demoCommand(options, terminal)));

  try {
    await program.parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof PlatformError) {
      terminal.err(`hokku: ${error.message}\n`);
      return 1;
    }
    // Of the system, such as a refused connection: its message says it all. Anything else is a fault of ours.
    if (error instanceof Error && 'syscall' in error) {
      terminal.err(`hokku: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}
