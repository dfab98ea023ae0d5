import type { ClientContext } from '../context.ts';
import { gitUrl } from '../git-remotes.ts';

export interface AppBody {
  readonly id: string;
  readonly name: string;
  readonly web_url: string;
  readonly git_url: string;
  readonly locked?: boolean;
  readonly internal_routing: boolean | null;
  readonly owner: { readonly email: string };
  readonly region: { readonly name: string };
  readonly stack: { readonly name: string };
}

/** `hokku apps`: one's own, then those one collaborates on. */
export async function appsCommand(
  { api, output }: ClientContext,
  options: { readonly all?: true; readonly json?: true },
): Promise<void> {
  const [apps, account] = await Promise.all([
    api.request(options.all === true ? '/apps' : '/users/~/apps') as Promise<AppBody[]>,
    api.request('/account') as Promise<{ readonly email: string }>,
  ]);
  apps.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  if (options.json === true) {
    output.json(apps);
    return;
  }
  const { paint } = output;
  const title = (app: AppBody): string => {
    const marks = [app.internal_routing === true ? 'internal' : '', app.locked === true ? 'locked' : ''];
    const mark = marks.filter((text) => text !== '').join('/');
    const region = app.region.name === 'us' ? '' : ` (${paint.info(app.region.name)})`;
    return `${paint.app(app.name)}${mark === '' ? '' : ` [${mark}]`}${region}`;
  };
  if (apps.length === 0) output.line('You have no apps.');
  const own = apps.filter((app) => app.owner.email === account.email);
  const others = apps.filter((app) => app.owner.email !== account.email);
  if (own.length > 0) {
    output.header(`${paint.user(account.email)} Apps`);
    for (const app of own) output.line(title(app));
  }
  if (others.length > 0) {
    output.line();
    output.line(paint.label('Collaborated Apps'));
    output.line();
    output.table(
      ['Name', 'Email'],
      others.map((app) => [title(app), paint.user(app.owner.email)]),
    );
  }
}

export interface CreateOptions {
  readonly app?: string;
  readonly buildpack?: string;
  readonly json?: true;
  /** False with `--no-remote`. */
  readonly remote: string | false;
  readonly region?: string;
  readonly stack?: string;
}

/** `hokku apps:create [NAME]`, with a git remote for it if this is the top of a working copy. */
export async function createCommand(
  { api, git, env, output }: ClientContext,
  argument: string | undefined,
  options: CreateOptions,
): Promise<void> {
  const { paint } = output;
  const name = options.app ?? argument ?? env['HEROKU_APP'];
  const body = { name, region: options.region, stack: options.stack };
  const app = await output.action(
    `Creating ${name === undefined ? 'app' : paint.app(name)}`,
    () => api.request('/apps', { method: 'POST', body }) as Promise<AppBody>,
    (created) =>
      [
        name === undefined ? `done, ${paint.app(created.name)}` : 'done',
        ...(options.region === undefined ? [] : [`region is ${paint.info(created.region.name)}`]),
        ...(options.stack === undefined ? [] : [`stack is ${paint.info(created.stack.name)}`]),
      ].join(', '),
  );
  const { buildpack } = options;
  if (buildpack !== undefined) {
    await output.action(`Setting buildpack to ${paint.info(buildpack)}`, () =>
      api.request(`/apps/${app.name}/buildpack-installations`, { method: 'PUT', body: { updates: [{ buildpack }] } }),
    );
  }
  const remote = gitUrl(api.target.url, app.name);
  if (options.remote !== false && (await git.isRepository())) await git.addRemote(options.remote, remote);
  if (options.json === true) output.json(app);
  else output.line(`${paint.info(app.web_url)} | ${paint.info(remote)}`);
}

/** `hokku apps:rename NEWNAME`; the remotes of this working copy follow. */
export async function renameCommand({ api, git, output }: ClientContext, app: string, newName: string): Promise<void> {
  const { paint } = output;
  const renamed = await output.action(
    `Renaming ${paint.app(app)} to ${paint.info(newName)}`,
    () => api.request(`/apps/${app}`, { method: 'PATCH', body: { name: newName } }) as Promise<AppBody>,
  );
  const url = gitUrl(api.target.url, renamed.name);
  output.line(`${paint.info(renamed.web_url)} | ${paint.info(url)}`);
  for (const { remote, app: named } of await git.allAppRemotes(api.target.url)) {
    if (named !== app) continue;
    await git.setRemote(remote, url);
    output.line(`Git remote ${paint.name(remote)} updated`);
  }
  output.warn("Don't forget to update git remotes for all other local checkouts of the app.");
}

/** `hokku apps:destroy`, once its name was typed again. */
export async function destroyCommand(
  { api, git, output }: ClientContext,
  app: string,
  options: { readonly confirm?: string },
): Promise<void> {
  const { paint } = output;
  await api.request(`/apps/${app}`);
  const { confirm } = await import('../confirm.ts');
  await confirm(output, app, options.confirm, `This will delete ${paint.app(app)} including all add-ons.`);
  await output.action(`Destroying ${paint.app(app)} (including all add-ons)`, async () => {
    await api.request(`/apps/${app}`, { method: 'DELETE' });
    for (const { remote, app: named } of await git.allAppRemotes(api.target.url)) {
      if (named === app) await git.removeRemote(remote);
    }
  });
}

/** `hokku open [PATH]`: the app's address, handed to the browser (BROWSER names one). */
export async function openCommand(
  { api, env, output }: ClientContext,
  app: string,
  path: string | undefined,
): Promise<void> {
  const { web_url: webUrl } = (await api.request(`/apps/${app}`)) as AppBody;
  const base = new URL(webUrl);
  const url = new URL(path ?? '', base);
  // A path such as //elsewhere.example or javascript:... would be another place than the app.
  if (url.origin !== base.origin) {
    const { ClientError } = await import('../client-error.ts');
    throw new ClientError(`${JSON.stringify(path)} is not a path of ${base.origin}.`);
  }
  output.line(`Opening ${output.paint.info(url.href)}...`);
  const { openBrowser } = await import('../open-browser.ts');
  await openBrowser(url.href, env);
}
