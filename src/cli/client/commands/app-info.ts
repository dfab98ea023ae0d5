import { inspect } from 'node:util';
import type { ClientContext } from '../context.ts';
import type { AppBody } from './apps.ts';

interface InfoBody extends AppBody {
  readonly acm: boolean;
  readonly archived_at: string | null;
  readonly create_status: string;
  readonly build_stack: { readonly name: string };
  readonly repo_size: number | null;
  readonly slug_size: number | null;
}

interface AppInfo {
  readonly addons: readonly { readonly plan?: { readonly name: string } }[];
  readonly app: InfoBody;
  readonly collaborators: readonly { readonly user: { readonly email: string } }[];
  readonly dynos: readonly { readonly type: string }[];
  readonly pipeline_coupling: { readonly pipeline: { readonly name: string }; readonly stage: string } | null;
}

/** `hokku apps:info`: for a reader, a shell or a program. */
export async function infoCommand(
  { api, output }: ClientContext,
  app: string,
  options: { readonly json?: true; readonly shell?: true },
): Promise<void> {
  const optional = (path: string, otherwise: unknown): Promise<unknown> =>
    api.request(`/apps/${app}/${path}`).catch(() => otherwise);
  const [addons, found, dynos, collaborators, coupling] = await Promise.all([
    api.request(`/apps/${app}/addons`),
    api.request(`/apps/${app}`),
    optional('dynos', []),
    optional('collaborators', []),
    optional('pipeline-couplings', null),
  ]);
  const info = { addons, app: found, collaborators, dynos, pipeline_coupling: coupling } as AppInfo;
  if (options.json === true) {
    output.json(info);
    return;
  }
  const plans = info.addons.map(({ plan }) => plan?.name ?? '').sort();
  const others = info.collaborators
    .map(({ user }) => user.email)
    .filter((email) => email !== info.app.owner.email)
    .sort();
  if (options.shell === true) {
    for (const [key, value] of Object.entries(shellFields(info, plans, others))) output.line(`${key}=${value}`);
    return;
  }
  output.header(output.paint.app(info.app.name));
  output.object(readerFields(info, plans, others));
}

function shellFields(
  { app, dynos, pipeline_coupling: coupling }: AppInfo,
  plans: readonly string[],
  others: readonly string[],
): Readonly<Record<string, string>> {
  return {
    auto_cert_mgmt: String(app.acm),
    addons: plans.join(','),
    collaborators: others.join(','),
    ...(app.archived_at === null ? {} : { archived_at: new Date(app.archived_at).toISOString() }),
    ...(app.create_status === 'complete' ? {} : { create_status: app.create_status }),
    ...(coupling === null ? {} : { pipeline: `${coupling.pipeline.name}:${coupling.stage}` }),
    git_url: app.git_url,
    web_url: app.web_url,
    repo_size: fileSize(app.repo_size),
    slug_size: fileSize(app.slug_size),
    owner: app.owner.email,
    region: app.region.name,
    dynos: inspect(countByType(dynos)),
    stack: app.stack.name,
  };
}

function readerFields(
  { app, dynos, pipeline_coupling: coupling }: AppInfo,
  plans: readonly string[],
  others: readonly string[],
): Readonly<Record<string, unknown>> {
  const next = app.build_stack.name;
  return {
    Addons: plans,
    Collaborators: others,
    'Archived At': app.archived_at === null ? null : new Date(app.archived_at).toISOString(),
    'Create Status': app.create_status === 'complete' ? null : app.create_status,
    Pipeline: coupling === null ? null : `${coupling.pipeline.name} - ${coupling.stage}`,
    'Auto Cert Mgmt': app.acm,
    'Git URL': app.git_url,
    'Web URL': app.web_url,
    'Repo Size': fileSize(app.repo_size),
    'Slug Size': fileSize(app.slug_size),
    Owner: app.owner.email,
    Region: app.region.name,
    Dynos: countByType(dynos),
    Stack: next === app.stack.name ? next : `${app.stack.name} (next build will use ${next})`,
  };
}

function countByType(dynos: AppInfo['dynos']): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { type } of dynos) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** `3 KB`: powers of 1024, rounded to whole ones. */
export function fileSize(bytes: number | null): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes ?? 0;
  let unit = 0;
  while (Math.round(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${Math.round(size)} ${units[unit] ?? ''}`;
}
