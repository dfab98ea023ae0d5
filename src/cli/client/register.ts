import { Argument, Option, type Command } from 'commander';
import type { AuditOptions } from './commands/audit.ts';
import type { Terminal } from '../terminal.ts';
import type { ClientContext } from './context.ts';
import type { ConfigForm } from './commands/config.ts';
import type { DynoSelection } from './commands/ps.ts';
import type { DetachedOptions } from './commands/run.ts';
import type { AppOptions } from './infer-app.ts';

/** What runs a command: its exit status becomes the program's. */
export type Run = (work: () => Promise<number>) => Promise<void>;

/**
 * Declares the commands that speak to a platform, with the names and options of the official CLI. What a command does is
 * loaded when it is called: the declarations are read at every start, and the start is most of what a command takes.
 */
export class ClientCommands {
  readonly #program: Command;
  readonly #terminal: Terminal;
  readonly #run: Run;

  constructor(program: Command, terminal: Terminal, run: Run) {
    this.#program = program;
    this.#terminal = terminal;
    this.#run = run;
  }

  register(): void {
    this.#apps();
    this.#dynos();
    this.#runs();
    this.#config();
    this.#releases();
  }

  #apps(): void {
    this.#command('apps', 'list your apps', ['list', 'apps:list'])
      .option('-A, --all', 'include apps of others that you may use')
      .option('-j, --json', 'output in json format')
      .action((options: { all?: true; json?: true }) =>
        this.#with(async (context) => (await import('./commands/apps.ts')).appsCommand(context, options)),
      );
    this.#command('apps:create [app]', 'create an app', ['create'])
      .addOption(new Option('-a, --app <name>').hideHelp())
      .option('-b, --buildpack <url>', 'buildpack to use for this app')
      .option('-n, --no-remote', 'do not create a git remote')
      .option('-r, --remote <name>', 'the git remote to create', 'heroku')
      .option('-s, --stack <stack>', 'the stack to create the app on')
      .option('--region <region>', 'region for the app to run in')
      .option('--json', 'output in json format')
      .action((name: string | undefined, options: { remote: string | false }) =>
        this.#with(async (context) => (await import('./commands/apps.ts')).createCommand(context, name, options)),
      );
    this.#ofApp('apps:info', 'show detailed app information', ['info'])
      .option('-j, --json', 'output in json format')
      .option('-s, --shell', 'output more shell friendly key/value pairs')
      .action((options: AppOptions & { json?: true; shell?: true }) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/app-info.ts')).infoCommand(context, app, options),
        ),
      );
    this.#ofApp('apps:destroy', 'permanently destroy an app', ['destroy', 'apps:delete'])
      .option('-c, --confirm <app>', 'the name of the app, typed again')
      .action((options: AppOptions & { confirm?: string }) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/apps.ts')).destroyCommand(context, app, options),
        ),
      );
    this.#ofApp('apps:rename <newname>', 'rename an app', ['rename']).action((newName: string, options: AppOptions) =>
      this.#withApp(options, async (context, app) =>
        (await import('./commands/apps.ts')).renameCommand(context, app, newName),
      ),
    );
    this.#ofApp('apps:open [path]', 'open the app in a web browser', ['open']).action(
      (path: string | undefined, options: AppOptions) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/apps.ts')).openCommand(context, app, path),
        ),
    );
  }

  #dynos(): void {
    this.#ofApp('ps [type...]', 'list the dynos of an app')
      .option('--json', 'display as json')
      .action((types: string[], options: AppOptions & { json?: true }) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/ps.ts')).psCommand(context, app, types, options),
        ),
      );
    this.#ofApp('ps:scale [change...]', 'scale dynos: web=2 worker+1 web=2:Standard-1X', [
      'scale',
      'dyno:scale',
    ]).action((changes: string[], options: AppOptions) =>
      this.#withApp(options, async (context, app) =>
        (await import('./commands/ps.ts')).scaleCommand(context, app, changes),
      ),
    );
    const selecting = (name: string, description: string, aliases: readonly string[]): Command =>
      this.#ofApp(name, description, aliases)
        .addArgument(new Argument('[dyno]', 'deprecated: --dyno-name'))
        .option('-d, --dyno-name <name>', 'the dyno, such as web.1')
        .addOption(new Option('-p, --process-type <type>', 'all dynos of this process type').conflicts('dynoName'));
    selecting('ps:restart', 'restart a dyno, those of a process type, or all', ['restart', 'dyno:restart']).action(
      (dyno: string | undefined, options: AppOptions & DynoSelection) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/ps.ts')).restartCommand(context, app, dyno, options),
        ),
    );
    selecting('ps:stop', 'stop a dyno, or those of a process type', [
      'stop:dyno',
      'ps:kill',
      'dyno:stop',
      'kill',
    ]).action((dyno: string | undefined, options: AppOptions & DynoSelection) =>
      this.#withApp(options, async (context, app) =>
        (await import('./commands/ps.ts')).stopCommand(context, app, dyno, options),
      ),
    );
    this.#ofApp('logs', 'display recent log output')
      .option('-n, --num <lines>', 'number of lines to display')
      .addOption(new Option('-d, --dyno-name <name>', 'only output of this dyno, such as web.1'))
      .addOption(new Option('--dyno <name>').hideHelp())
      .addOption(new Option('-p, --process-type <type>', 'only output of this process type').conflicts('dynoName'))
      .option('-s, --source <source>', 'only output of this source: app or heroku')
      .option('-t, --tail', 'go on with what comes')
      .action((options: AppOptions & { dyno?: string; dynoName?: string }) =>
        this.#withApp(options, async (context, app) => {
          const dynoName = options.dynoName ?? options.dyno;
          const { logsCommand } = await import('./commands/logs.ts');
          await logsCommand(context, app, { ...options, ...(dynoName === undefined ? {} : { dynoName }) });
        }),
      );
  }

  #runs(): void {
    const running = (name: string, description: string): Command =>
      this.#ofApp(`${name} [command...]`, description)
        .option('-e, --env <vars>', "config vars for this run (';' between several)")
        .option('-s, --size <size>', 'dyno size')
        .option('--type <type>', 'process type');
    running('run', 'run a one-off dyno on this terminal; options of the command go behind --')
      .option('-x, --exit-code', 'pass on the exit code of the command')
      .option('--no-tty', 'do not run the command in a terminal')
      .addOption(new Option('--no-notify').hideHelp())
      .action((args: string[], options: AppOptions & { tty: boolean }) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/run.ts')).runCommand(context, app, args, options),
        ),
      );
    running('run:detached', 'run a one-off dyno whose output goes to the log')
      .option('-t, --tail', 'show the log')
      .action((args: string[], options: AppOptions & DetachedOptions) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/run.ts')).runDetachedCommand(context, app, args, options),
        ),
      );
  }

  #config(): void {
    this.#ofApp('config', 'display the config vars of an app')
      .option('-j, --json', 'output config vars in json format')
      .option('-s, --shell', 'output config vars in shell format')
      .action((options: AppOptions & ConfigForm) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/config.ts')).configCommand(context, app, options),
        ),
      );
    this.#ofApp('config:get <key...>', 'display single config vars')
      .option('-j, --json', 'output in json format')
      .option('-s, --shell', 'output config vars in shell format')
      .action((keys: string[], options: AppOptions & ConfigForm) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/config.ts')).configGetCommand(context, app, keys, options),
        ),
      );
    this.#ofApp('config:set [pair...]', 'set config vars: KEY=VALUE', ['config:add']).action(
      (pairs: string[], options: AppOptions) =>
        this.#with(async (context) =>
          (await import('./commands/config.ts')).configSetCommand(context, () => context.app(options), pairs),
        ),
    );
    this.#ofApp('config:unset [key...]', 'unset config vars', ['config:remove']).action(
      (keys: string[], options: AppOptions) =>
        this.#with(async (context) =>
          (await import('./commands/config.ts')).configUnsetCommand(context, () => context.app(options), keys),
        ),
    );
  }

  #releases(): void {
    this.#ofApp('releases', 'display the releases of an app')
      .option('-n, --num <number>', 'number of releases to show')
      .option('--json', 'output in json format')
      .action((options: AppOptions & { num?: string; json?: true }) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/releases.ts')).releasesCommand(context, app, options),
        ),
      );
    this.#ofApp('releases:info [release]', 'view detailed information for a release')
      .option('--json', 'output in json format')
      .option('-s, --shell', 'output in shell format')
      .action((release: string | undefined, options: AppOptions & ConfigForm) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/releases.ts')).releaseInfoCommand(context, app, release, options),
        ),
      );
    this.#command('audit', 'show who changed what on the platform')
      .option('-a, --app <name>', 'only what happened to this app')
      .option('-n, --num <number>', 'number of entries to show (default: 100)')
      .option('--json', 'output in json format')
      .action((options: AuditOptions) =>
        this.#with(async (context) => (await import('./commands/audit.ts')).auditCommand(context, options)),
      );
    this.#ofApp('releases:rollback [release]', 'roll back to an earlier release', ['rollback']).action(
      (release: string | undefined, options: AppOptions) =>
        this.#withApp(options, async (context, app) =>
          (await import('./commands/releases.ts')).rollbackCommand(context, app, release),
        ),
    );
  }

  #command(nameAndArgs: string, description: string, aliases: readonly string[] = []): Command {
    return this.#program.command(nameAndArgs).description(description).aliases(aliases);
  }

  #ofApp(nameAndArgs: string, description: string, aliases: readonly string[] = []): Command {
    return this.#command(nameAndArgs, description, aliases)
      .option('-a, --app <name>', 'app to run command against')
      .option('-r, --remote <name>', 'git remote of app to use');
  }

  #with(work: (context: ClientContext) => Promise<unknown>): Promise<void> {
    return this.#run(async () => {
      const { openContext } = await import('./context.ts');
      const status = await work(await openContext(this.#terminal));
      return typeof status === 'number' ? status : 0;
    });
  }

  #withApp(options: AppOptions, work: (context: ClientContext, app: string) => Promise<unknown>): Promise<void> {
    return this.#with(async (context) => work(context, await context.app(options)));
  }
}
