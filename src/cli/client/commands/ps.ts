import { ago } from '../ago.ts';
import { ClientError } from '../client-error.ts';
import type { ClientContext } from '../context.ts';
import type { Output } from '../output.ts';

interface DynoBody {
  readonly name: string;
  readonly type: string;
  readonly command: string;
  readonly size: string;
  readonly state: string;
  readonly updated_at: string;
}

/** `hokku ps [TYPE...]`: the dynos by command, one-off dynos first. */
export async function psCommand(
  { api, output }: ClientContext,
  app: string,
  types: readonly string[],
  options: { readonly json?: true },
): Promise<void> {
  const all = (await api.request(`/apps/${app}/dynos`)) as DynoBody[];
  const dynos = types.length === 0 ? all : all.filter(({ type }) => types.includes(type));
  for (const type of types) {
    if (!dynos.some((dyno) => dyno.type === type)) {
      throw new ClientError(`No ${output.paint.info(type)} dynos on ${output.paint.app(app)}`);
    }
  }
  dynos.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  if (options.json === true) output.json(dynos);
  else if (dynos.length === 0) output.line(`No dynos on ${output.paint.app(app)}`);
  else printDynos(output, dynos);
}

function printDynos(output: Output, dynos: readonly DynoBody[]): void {
  const { paint } = output;
  const state = (dyno: DynoBody): string =>
    `${dyno.state === 'up' ? paint.success(dyno.state) : paint.warning(dyno.state)} ${paint.gray(ago(dyno.updated_at))}`;
  const oneOffs = dynos.filter(({ type }) => type === 'run').sort(byNumber);
  if (oneOffs.length > 0) {
    output.header(`${paint.label('run')}: one-off processes (${oneOffs.length})`);
    for (const dyno of oneOffs) {
      output.line(`${dyno.name} (${paint.info(dyno.size)}): ${state(dyno)}: ${dyno.command}`);
    }
    output.line();
  }
  const others = dynos.filter(({ type }) => type !== 'run');
  for (const command of new Set(others.map((dyno) => dyno.command))) {
    const group = others.filter((dyno) => dyno.command === command).sort(byNumber);
    const [first] = group;
    if (first === undefined) continue;
    output.header(`${paint.label(first.type)} (${paint.info(first.size)}): ${command} (${group.length})`);
    for (const dyno of group) output.line(`${dyno.name}: ${state(dyno)}`);
    output.line();
  }
}

function byNumber(a: DynoBody, b: DynoBody): number {
  const number = ({ name }: DynoBody): number => Number(/^[^.]+\.(\d+)$/.exec(name)?.[1] ?? 0);
  return number(a) - number(b);
}

interface FormationBody {
  readonly type: string;
  readonly quantity: number;
  readonly size: string;
}

/** `hokku ps:scale [web=2 worker+1 clock=1:Standard-1X]`; without changes it shows the formation in the same form. */
export async function scaleCommand(
  { api, output }: ClientContext,
  app: string,
  args: readonly string[],
): Promise<void> {
  const updates = args.map(parseChange);
  if (updates.length === 0) {
    const formation = (await api.request(`/apps/${app}/formation`)) as FormationBody[];
    if (formation.length === 0) {
      throw new ClientError(
        `No process types on ${output.paint.app(app)}.\nPush an app with a Procfile to add process types.`,
      );
    }
    output.line(
      formation
        .map(({ type, quantity, size }) => `${type}=${quantity}:${size}`)
        .sort()
        .join(' '),
    );
    return;
  }
  await output.action(
    'Scaling dynos',
    () => api.request(`/apps/${app}/formation`, { method: 'PATCH', body: { updates } }) as Promise<FormationBody[]>,
    (formation) => {
      const changed = formation.filter(({ type }) => updates.some((update) => update.type === type));
      const running = changed.map(({ type, quantity, size }) => `${output.paint.success(type)} at ${quantity}:${size}`);
      return `done, now running ${running.join(', ')}`;
    },
  );
}

/** The official CLI passes over what it does not understand, and then says that it has scaled. */
export function parseChange(arg: string): { readonly type: string; readonly quantity: string; readonly size?: string } {
  const match = /^([\w-]+)([=+-])(\d{1,6})(?::([\w-]+))?$/.exec(arg);
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) {
    throw new ClientError(`${arg} is invalid. Must be in the format web=2, worker+1 or web=2:Standard-1X.`, {
      kind: 'refusal',
    });
  }
  const quantity = `${match[2] === '=' ? '' : match[2]}${match[3]}`;
  return { type: match[1], quantity, ...(match[4] === undefined ? {} : { size: match[4] }) };
}

export interface DynoSelection {
  readonly dynoName?: string;
  readonly processType?: string;
}

/** `hokku ps:restart`: one dyno, those of a process type, or all. */
export async function restartCommand(
  { api, output }: ClientContext,
  app: string,
  dyno: string | undefined,
  options: DynoSelection,
): Promise<void> {
  const { path, text } = select(output, app, 'Restarting', dyno, options) ?? {
    path: `/apps/${app}/dynos`,
    text: `Restarting all dynos on ${output.paint.app(app)}`,
  };
  await output.action(text, () => api.request(path, { method: 'DELETE' }));
}

/** `hokku ps:stop`: one dyno, or those of a process type. */
export async function stopCommand(
  { api, output }: ClientContext,
  app: string,
  dyno: string | undefined,
  options: DynoSelection,
): Promise<void> {
  const selected = select(output, app, 'Stopping', dyno, options);
  if (selected === null) {
    throw new ClientError('Please specify a process type or dyno name to stop.\nSee more help with --help\n', {
      kind: 'refusal',
    });
  }
  await output.action(selected.text, () => api.request(`${selected.path}/actions/stop`, { method: 'POST' }));
}

function select(
  output: Output,
  app: string,
  doing: string,
  argument: string | undefined,
  { dynoName, processType }: DynoSelection,
): { readonly path: string; readonly text: string } | null {
  const { paint } = output;
  if (processType !== undefined) {
    return {
      path: `/apps/${app}/formations/${encodeURIComponent(processType)}`,
      text: `${doing} all ${paint.info(processType)} dynos on ${paint.app(app)}`,
    };
  }
  if (argument !== undefined) {
    output.warn(
      `DYNO is a deprecated argument. Use ${paint.code('--dyno-name')} or ${paint.code('--process-type')} instead.`,
    );
  }
  const dyno = dynoName ?? argument;
  if (dyno === undefined) return null;
  return {
    path: `/apps/${app}/dynos/${encodeURIComponent(dyno)}`,
    text: `${doing} dyno ${paint.name(dyno)} on ${paint.app(app)}`,
  };
}
