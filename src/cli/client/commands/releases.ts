import { ago } from '../ago.ts';
import type { ApiClient } from '../api-client.ts';
import { ClientError } from '../client-error.ts';
import type { ClientContext } from '../context.ts';
import type { Paint } from '../paint.ts';
import { quoteForDotenv } from '../shell-quote.ts';

interface ReleaseBody {
  readonly id: string;
  readonly version: number;
  readonly description: string;
  readonly status: string;
  readonly current: boolean;
  readonly eligible_for_rollback: boolean;
  readonly addon_plan_names: readonly string[];
  readonly output_stream_url: string | null;
  readonly user: { readonly email: string };
  readonly created_at: string;
}

/** `hokku releases`: the newest first, 15 unless `--num` says otherwise. */
export async function releasesCommand(
  { api, output }: ClientContext,
  app: string,
  options: { readonly num?: string; readonly json?: true },
): Promise<void> {
  const { paint } = output;
  const num = options.num ?? '15';
  if (!/^\d{1,4}$/.test(num)) throw new ClientError('--num must be a number up to 9999.', { kind: 'refusal' });
  const releases = await newest(api, app, Number(num));
  if (options.json === true) output.json(releases);
  else if (releases.length === 0) output.line(`${paint.app(app)} has no releases.`);
  else {
    const current = releases.find((release) => release.current);
    const suffix = current === undefined ? '' : ` - ${paint.name(`Current: v${current.version}`)}`;
    output.header(`${paint.app(app)} Releases${suffix}`);
    const rows = releases
      .toSorted((a, b) => b.version - a.version)
      .map((release) => {
        const { said, colour } = statusOf(release, paint);
        const description = said === '' ? release.description : `${release.description} ${colour(said)}`;
        const version = said === '' ? paint.name(`v${release.version}`) : colour(`v${release.version}`);
        return [version, description, paint.user(release.user.email), ago(release.created_at)];
      });
    output.table(['v', 'description', 'user', 'created_at'], rows);
  }
}

/** `hokku releases:info [RELEASE]`: the newest, or one by its version (`v12`) or id. */
export async function releaseInfoCommand(
  { api, output }: ClientContext,
  app: string,
  which: string | undefined,
  options: { readonly json?: true; readonly shell?: true },
): Promise<void> {
  const { paint } = output;
  const release =
    which === undefined || which === 'current' ? (await newest(api, app, 1))[0] : await find(api, app, which);
  if (release === undefined) throw new ClientError(`${paint.app(app)} has no releases.`);
  if (options.json === true) {
    output.json(release);
    return;
  }
  const vars = (await api.request(`/apps/${app}/releases/${release.version}/config-vars`)) as Record<string, string>;
  const { said, colour } = statusOf(release, paint);
  output.header(`Release ${paint.name(`v${release.version}`)}`);
  output.object({
    'Add-ons': release.addon_plan_names,
    By: paint.user(release.user.email),
    Change: said === '' ? release.description : `${release.description} (${colour(said)})`,
    'Eligible for Rollback?': release.eligible_for_rollback ? 'Yes' : 'No',
    When: release.created_at,
  });
  output.line();
  output.header(`${paint.name(`v${release.version}`)} Config vars`);
  if (options.shell === true) {
    for (const [key, value] of Object.entries(vars)) output.line(`${key}=${quoteForDotenv(value)}`);
  } else output.object(vars);
}

/** `hokku rollback [RELEASE]`: to the last release before the current one that can be returned to, or to this one. */
export async function rollbackCommand(
  { api, output }: ClientContext,
  app: string,
  which: string | undefined,
): Promise<void> {
  const { paint } = output;
  const release =
    which === undefined || which === 'previous'
      ? (await newest(api, app, 10)).filter((each) => each.eligible_for_rollback)[1]
      : await find(api, app, which);
  if (release === undefined) {
    throw new ClientError(`No eligible release found for ${paint.app(app)} to roll back to.`, { kind: 'refusal' });
  }
  const latest = await output.action(
    `Rolling back ${paint.app(app)} to ${paint.success(`v${release.version}`)}`,
    () =>
      api.request(`/apps/${app}/releases`, { method: 'POST', body: { release: release.id } }) as Promise<ReleaseBody>,
    ({ version }) => `done, ${paint.success(`v${version}`)}`,
  );
  output.warn("Rollback affects code and config vars; it doesn't add or remove addons.");
  output.warn(`To undo, run: ${paint.code(`hokku rollback v${latest.version - 1}`)}`);
  if (latest.output_stream_url !== null) {
    output.line('Running release command...');
    await copyStream(api, latest.output_stream_url, (text) => {
      output.write(text);
    });
  }
}

async function copyStream(api: ApiClient, url: string, write: (text: string) => void): Promise<void> {
  const response = await api.stream(url, {}, new AbortController().signal);
  response.setEncoding('utf8');
  if (response.statusCode !== 200) {
    response.resume();
    throw new ClientError(
      `The output of the release command cannot be read (${response.statusCode ?? 0}). See hokku logs.`,
    );
  }
  for await (const text of response as AsyncIterable<string>) write(text);
}

async function newest(api: ApiClient, app: string, max: number): Promise<ReleaseBody[]> {
  return (await api.request(`/apps/${app}/releases`, { range: `version ..; max=${max}, order=desc` })) as ReleaseBody[];
}

async function find(api: ApiClient, app: string, which: string): Promise<ReleaseBody> {
  const id = which.toLowerCase().replace(/^v/, '');
  return (await api.request(`/apps/${app}/releases/${encodeURIComponent(id)}`)) as ReleaseBody;
}

function statusOf(
  { status }: ReleaseBody,
  paint: Paint,
): { readonly said: string; readonly colour: (text: string) => string } {
  switch (status) {
    case 'expired':
      return { said: 'release expired', colour: paint.gray };
    case 'failed':
      return { said: 'release command failed', colour: paint.failure };
    case 'pending':
      return { said: 'release command executing', colour: paint.warning };
    default:
      return { said: '', colour: paint.info };
  }
}
