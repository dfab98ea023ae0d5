import { Option, type Command } from 'commander';
import type { Run } from '../client/register.ts';
import type { Terminal } from '../terminal.ts';
import type { LoginOptions } from './login-command.ts';

/** Declares the commands that choose a platform and keep its token. */
export function registerPlatformCommands(program: Command, terminal: Terminal, run: Run): void {
  program
    .command('login <url>')
    .description('keep a token for a platform, and speak to that one from now on')
    .option('-i, --interactive', 'ask for e-mail and password')
    .option('--ca <file>', 'PEM of the CA that the platform has its certificate from')
    .option('--fingerprint <sha256>', 'trust the CA that has this fingerprint')
    .addOption(
      new Option(
        '--token <token>',
        'the token; other users see it in the process list, so better type it or pipe it in',
      ).conflicts('interactive'),
    )
    .action((url: string, options: LoginOptions) =>
      run(async () => (await import('./login-command.ts')).loginCommand(url, options, terminal)),
    );
  program
    .command('logout [url]')
    .description('forget the token of a platform: the one in use, or this one')
    .action((url: string | undefined) =>
      run(async () => (await import('./platforms-command.ts')).logoutCommand(url, terminal)),
    );
  program
    .command('platforms')
    .description('list the platforms that you are logged in to')
    .option('--json', 'print them as JSON')
    .action((options: { json?: true }) =>
      run(async () => (await import('./platforms-command.ts')).platformsCommand(options, terminal)),
    );
  program
    .command('platforms:use <url>')
    .description('speak to this platform from now on; `local` is the one of this machine')
    .action((url: string) =>
      run(async () => (await import('./platforms-command.ts')).usePlatformCommand(url, terminal)),
    );
  program
    .command('env')
    .description('print the exports that point the heroku CLI and git at a platform: eval "$(hokku env)"')
    .option('--shell <shell>', 'sh, fish or powershell', 'sh')
    .option('--json', 'print the variables as JSON')
    .option('--platform <url>', 'of this platform; `local` is the one of this machine')
    .option('--unset', 'print what takes the exports back')
    .action((options: { shell: string }) =>
      run(async () => (await import('../env-command.ts')).envCommand(options, terminal)),
    );
  program
    .command('auth:whoami')
    .description('say who you are, and on which platform')
    .aliases(['whoami'])
    .action(() => run(async () => (await import('./whoami-command.ts')).whoamiCommand(terminal)));
}
