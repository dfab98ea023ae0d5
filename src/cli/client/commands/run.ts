import { ClientError } from '../client-error.ts';
import type { ClientContext } from '../context.ts';
import { printLog } from '../log-lines.ts';

export interface RunOptions {
  readonly env?: string;
  readonly exitCode?: true;
  readonly size?: string;
  readonly type?: string;
  /** False with `--no-tty`. */
  readonly tty: boolean;
}

interface OneOffBody {
  readonly name: string;
  readonly attach_url: string | null;
}

/** `hokku run COMMAND`: a one-off dyno on this terminal. Resolves with the exit status: 0 unless `--exit-code` passes on the command's. */
export async function runCommand(
  { api, env, output }: ClientContext,
  app: string,
  args: readonly string[],
  options: RunOptions,
): Promise<number> {
  const { paint } = output;
  const command = joinCommand(args);
  // The platform takes the end of the line for what it is, and reports the status itself.
  const marked = options.exitCode === true ? `${command} ; echo "\uFFFF heroku-command-exit-status: $?"` : command;
  const body = {
    attach: true,
    command: marked,
    env: { ...terminalVariables(env), ...parseEnv(options.env) },
    ...(options.tty ? {} : { force_no_tty: true }),
    size: options.size,
    type: options.type,
  };
  const dyno = (await api.request(`/apps/${app}/dynos`, { method: 'POST', body })) as OneOffBody;
  const { attach } = await import('../rendezvous.ts');
  const session = await output.action(
    `Running ${paint.code(command)} on ${paint.app(app)}`,
    () => attach(dyno.attach_url, api.target),
    () => `up, ${dyno.name}`,
  );
  const outcome = await session.copy({
    isRaw: options.tty && process.stdin.isTTY,
    seeksStatus: options.exitCode === true,
    hasTerminal: options.tty,
  });
  if (outcome === 'interrupted') return 130;
  if (options.exitCode !== true) return 0;
  if (outcome === null) throw new ClientError('No exit code returned');
  if (outcome !== 0) {
    throw new ClientError(`Process exited with code ${paint.failure(String(outcome))}`, {
      kind: 'refusal',
      exitCode: outcome,
    });
  }
  return 0;
}

export interface DetachedOptions extends Omit<RunOptions, 'exitCode' | 'tty'> {
  readonly tail?: true;
}

/** `hokku run:detached COMMAND`: its output goes to the app's log. */
export async function runDetachedCommand(
  { api, env, output }: ClientContext,
  app: string,
  args: readonly string[],
  options: DetachedOptions,
): Promise<void> {
  const { paint } = output;
  const command = joinCommand(args);
  const variables = { ...terminalVariables(env), ...parseEnv(options.env) };
  const body = { attach: false, command, env: variables, size: options.size, type: options.type };
  const dyno = await output.action(
    `Running ${paint.code(command)} on ${paint.app(app)}`,
    () => api.request(`/apps/${app}/dynos`, { method: 'POST', body }) as Promise<OneOffBody>,
    ({ name }) => `done, ${name}`,
  );
  if (options.tail === true) await printLog(api, output, app, { dyno: dyno.name, tail: true });
  else output.line(`Run ${paint.code(`hokku logs --app ${app} --dyno-name ${dyno.name}`)} to view the output.\n`);
}

/** One argument is a command line as it is; several are joined, those with spaces or quotes in double quotes. */
export function joinCommand(args: readonly string[]): string {
  if (args.length === 0 || args.every((arg) => arg === '')) {
    throw new ClientError('Usage: hokku run COMMAND\n\nExample: hokku run bash');
  }
  if (args.length === 1) return args[0] ?? '';
  return args.map((arg) => (/[ "]/.test(arg) ? `"${arg.replaceAll('"', '\\"')}"` : arg)).join(' ');
}

/** `A=1;B=2`, as the option `--env` has it. Values are taken as they are. */
export function parseEnv(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  return Object.fromEntries(
    text.split(';').map((part) => {
      const match = /^\s*([\w.-]+)\s*=\s*(.*)$/s.exec(part);
      if (match?.[1] !== undefined && match[2] !== undefined) return [match[1], match[2]];
      throw new ClientError("--env takes KEY=VALUE, several with ';' between them, and no ';' in a value.", {
        kind: 'refusal',
      });
    }),
  );
}

function terminalVariables(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const { TERM: term } = env;
  const { stdout } = process;
  return {
    ...(term === undefined ? {} : { TERM: term }),
    ...(stdout.isTTY ? { COLUMNS: String(stdout.columns), LINES: String(stdout.rows) } : {}),
  };
}
