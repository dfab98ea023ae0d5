import { ClientError } from '../client-error.ts';
import type { ClientContext } from '../context.ts';
import { quoteForDotenv } from '../shell-quote.ts';

type ConfigVars = Readonly<Record<string, string>>;

export interface ConfigForm {
  readonly json?: true;
  readonly shell?: true;
}

/** `hokku config` */
export async function configCommand({ api, output }: ClientContext, app: string, options: ConfigForm): Promise<void> {
  const vars = (await api.request(`/apps/${app}/config-vars`)) as ConfigVars;
  if (options.shell === true) {
    for (const [key, value] of Object.entries(vars)) output.line(`${key}=${quoteForDotenv(value)}`);
  } else if (options.json === true) output.json(vars);
  else {
    output.header(`${output.paint.app(app)} Config Vars`);
    output.object(vars);
  }
}

/** `hokku config:get KEY...`: an absent one is an empty line, and null in JSON. */
export async function configGetCommand(
  { api, output }: ClientContext,
  app: string,
  keys: readonly string[],
  options: ConfigForm,
): Promise<void> {
  const vars = (await api.request(`/apps/${app}/config-vars`)) as ConfigVars;
  const valueOf = (key: string): string | undefined => (Object.hasOwn(vars, key) ? vars[key] : undefined);
  if (options.json === true) {
    const found = keys.map((key) => ({ key, value: valueOf(key) ?? null }));
    output.json(found.length === 1 ? found[0] : found);
    return;
  }
  for (const key of keys) {
    const value = valueOf(key) ?? '';
    output.line(options.shell === true ? `${key}=${quoteForDotenv(value)}` : value);
  }
}

/** `hokku config:set KEY=VALUE...` */
export async function configSetCommand(
  context: ClientContext,
  app: () => Promise<string>,
  args: readonly string[],
): Promise<void> {
  const { paint } = context.output;
  if (args.length === 0) {
    throw new ClientError('Usage: hokku config:set KEY1=VALUE1 [KEY2=VALUE2 ...]\nMust specify KEY and VALUE to set.', {
      kind: 'refusal',
      exitCode: 1,
    });
  }
  const pairs = args.map((arg): readonly [string, string] => {
    const at = arg.indexOf('=');
    // The argument may be a value that lost its key: only so much of it is repeated as names a config var.
    if (at === -1) {
      const shown = /^\w{1,64}$/.test(arg) ? paint.name(arg) : 'An argument';
      throw new ClientError(`${shown} is invalid. Must be in the format ${paint.code('FOO=bar')}.`, {
        kind: 'refusal',
        exitCode: 1,
      });
    }
    return [arg.slice(0, at), arg.slice(at + 1)];
  });
  const wanted = new Map(pairs);
  const names = pairs.map(([key]) => paint.name(key)).join(', ');
  const vars = await change(context, await app(), Object.fromEntries(wanted), `Setting ${names}`);
  // As the official CLI does, what was set to nothing is not shown.
  context.output.object(Object.fromEntries(Object.entries(vars).filter(([key]) => (wanted.get(key) ?? '') !== '')));
}

/** `hokku config:unset KEY...` */
export async function configUnsetCommand(
  context: ClientContext,
  app: () => Promise<string>,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) {
    throw new ClientError('Usage: hokku config:unset KEY1 [KEY2 ...]\nMust specify KEY to unset.', { kind: 'refusal' });
  }
  const names = keys.map((key) => context.output.paint.name(key)).join(', ');
  await change(context, await app(), Object.fromEntries(keys.map((key) => [key, null])), `Unsetting ${names}`);
}

async function change(
  { api, output }: ClientContext,
  app: string,
  body: Readonly<Record<string, string | null>>,
  doing: string,
): Promise<ConfigVars> {
  const { paint } = output;
  const { vars } = await output.action(
    `${doing} and restarting ${paint.app(app)}`,
    async () => {
      const changed = (await api.request(`/apps/${app}/config-vars`, { method: 'PATCH', body })) as ConfigVars;
      const range = 'version ..; order=desc,max=1';
      const [latest] = (await api.request(`/apps/${app}/releases`, { range })) as readonly { version: number }[];
      return { vars: changed, version: latest?.version };
    },
    ({ version }) => (version === undefined ? 'done' : `done, ${paint.name(`v${version}`)}`),
  );
  return vars;
}
