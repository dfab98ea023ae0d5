import type { Command } from 'commander';
import type { BackupOptions } from './backup-command.ts';
import type { Run } from './client/register.ts';
import type { RestoreOptions } from './restore-command.ts';
import type { Terminal } from './terminal.ts';

/** Declares the commands of whoever runs a platform. The server is loaded only by those that need it. */
export function registerOperatorCommands(program: Command, terminal: Terminal, run: Run): void {
  program
    .command('server')
    .description('run the platform until SIGTERM (apps stay up for the next start) or Ctrl-C (apps stop too)')
    .action(() => run(async () => (await import('./server-command.ts')).serverCommand(terminal)));
  program
    .command('stop')
    .description('stop the platform of this data folder, its router and every dyno')
    .action(() => run(async () => (await import('./stop-command.ts')).stopCommand(terminal)));
  program
    .command('doctor')
    .description('say what this machine can do, and what to do about what it cannot')
    .option('--fix', 'as root: install what is missing from the distribution')
    .option('--json', 'print the findings as JSON')
    .option('--brief', 'print only what is not as it should be')
    .action((options: { fix?: true; json?: true; brief?: true }) =>
      run(async () => (await import('./doctor/index.ts')).doctorCommand(options, terminal)),
    );
  registerSafekeeping(program, terminal, run);
  program
    .command('disk')
    .description("say what uses the platform's disk: each app, the platform itself, what is free")
    .option('--collect', 'remove what nothing needs first, and say how much that was')
    .option('--json', 'print the numbers as JSON, in bytes')
    .action((options: { collect?: true; json?: true }) =>
      run(async () => (await import('./disk-command.ts')).diskCommand(options, terminal)),
    );
  program
    .command('demo')
    .description('start a platform here, push a Python app to it and show the page')
    .option('--once', 'stop after the first answered request')
    .action((options: { once?: true }) =>
      run(async () => (await import('./demo/index.ts')).demoCommand(options, terminal)),
    );
  registerAccounts(program, terminal, run);
}

function registerAccounts(program: Command, terminal: Terminal, run: Run): void {
  program
    .command('account:create <email>')
    .description('create an account, and print its token once')
    .option('--json', 'print the account as JSON')
    .action((email: string, options: { json?: true }) =>
      run(async () => (await import('./account-command.ts')).createAccountCommand(email, options, terminal)),
    );
  for (const [verb, isSuspended, what] of [
    ['suspend', true, 'keep an account out: none of its tokens and passwords opens anything; its apps run on'],
    ['resume', false, 'let a suspended account in again'],
  ] as const) {
    program
      .command(`account:${verb} <email>`)
      .description(what)
      .action((email: string) =>
        run(async () => (await import('./account-command.ts')).suspendAccountCommand(email, isSuspended, terminal)),
      );
  }
  const account = program.command('account', { hidden: true }).description('accounts of the platform');
  account
    .command('create <email>')
    .description('create an account, and print its token once')
    .option('--json', 'print the account as JSON')
    .action((email: string, options: { json?: true }) =>
      run(async () => (await import('./account-command.ts')).createAccountCommand(email, options, terminal)),
    );
}

function registerSafekeeping(program: Command, terminal: Terminal, run: Run): void {
  program
    .command('backup [file]')
    .description('write one file of everything, while the platform runs; - is standard output')
    .option('--logs', 'with app logs and the output of builds')
    .option('--with-key', 'with the secret key: only for a file that you encrypt yourself')
    .option('--key-only', 'write nothing but the secret key')
    .option('--json', 'print what was done as JSON')
    .action((file: string | undefined, options: BackupOptions) =>
      run(async () => (await import('./backup-command.ts')).backupCommand(file, options, terminal)),
    );
  program
    .command('restore <file>')
    .description('make a new data folder from a backup; - is standard input')
    .option('--data <folder>', 'new or empty; default: HOKKU_DATA_DIR')
    .option('--key-file <file>', 'the secret key of that platform; default: in the backup, or HOKKU_SECRET_KEY')
    .option('--json', 'print what was done as JSON')
    .action((file: string, options: RestoreOptions) =>
      run(async () => (await import('./restore-command.ts')).restoreCommand(file, options, terminal)),
    );
  program
    .command('key:rotate')
    .description('seal everything encrypted with a new secret key, while the platform is down and the apps are up')
    .option('--json', 'print what was done as JSON')
    .action((options: { json?: true }) =>
      run(async () => (await import('./key-command.ts')).rotateKeyCommand(options, terminal)),
    );
}
