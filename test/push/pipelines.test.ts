import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2' } });
});

afterAll(() => rig[Symbol.asyncDispose]());

interface Target {
  readonly app: { readonly id: string };
  readonly release: { readonly id: string };
  readonly status: string;
  readonly error_message: string | null;
}

interface Line {
  readonly id: string;
  readonly staging: RigApp;
  /** The first app in production. */
  readonly production: RigApp;
}

async function created(path: string, body: unknown): Promise<{ readonly id: string }> {
  const answer = await rig.api('POST', path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.body}`);
  return answer.json as { id: string };
}

/** A pipeline of a staging app with something deployed, and apps in production without. */
async function layLine(name: string, procfile?: string): Promise<Line> {
  const { id } = await created('/pipelines', { name });
  const [staging, production] = [await rig.createApp(`${name}-staging`), await rig.createApp(name)];
  await created('/pipeline-couplings', { app: staging.name, pipeline: id, stage: 'staging' });
  await created('/pipeline-couplings', { app: production.name, pipeline: id, stage: 'production' });
  const push = await pushTiny(staging, 'one', procfile === undefined ? {} : { Procfile: procfile });
  if (push.exitCode !== 0) throw new Error(push.output);
  return { id, staging, production };
}

function promote({ id, staging }: Line, ...targets: readonly RigApp[]): Promise<{ readonly id: string }> {
  const body = { source: { app: { id: staging.name } }, targets: targets.map(({ name }) => ({ app: { id: name } })) };
  return created('/pipeline-promotions', { pipeline: { id }, ...body });
}

async function targetsOf(promotion: { readonly id: string }): Promise<readonly Target[]> {
  return (await rig.api('GET', `/pipeline-promotions/${promotion.id}/promotion-targets`)).json as Target[];
}

function ended(promotion: { readonly id: string }): Promise<readonly Target[]> {
  return eventually('the end of the promotion', async () => {
    const targets = await targetsOf(promotion);
    return targets.every(({ status }) => status !== 'pending') && targets;
  });
}

async function statusOf(promotion: { readonly id: string }): Promise<string> {
  return ((await rig.api('GET', `/pipeline-promotions/${promotion.id}`)).json as { status: string }).status;
}

async function slugOf(app: RigApp): Promise<{ readonly checksum: string; readonly commit: string }> {
  const release = (await app.releases()).find(({ current }) => current);
  const { slug } = (await rig.api('GET', `/apps/${app.name}/releases/${release?.version ?? 0}`)).json as {
    slug: { id: string };
  };
  return (await rig.api('GET', `/apps/${app.name}/slugs/${slug.id}`)).json as { checksum: string; commit: string };
}

const variable = async (app: RigApp, name: string): Promise<string> => {
  const env = JSON.parse((await app.get('/env')).body) as Record<string, string>;
  return Buffer.from(env[name] ?? '', 'base64').toString();
};

it('promotes the very slug of one app to others, which keep their config vars and outlive the source', async () => {
  const line = await layLine('shop');
  const { staging, production } = line;
  const second = await rig.createApp('shop-eu');
  await created('/pipeline-couplings', { app: second.name, pipeline: line.id, stage: 'production' });
  for (const app of [production, second]) {
    await rig.api('PATCH', `/apps/${app.name}/config-vars`, { WHERE: app.name });
  }
  const commit = (await staging.git('rev-parse', 'HEAD')).trim();

  const promotion = await promote(line, production, second);
  expect(await ended(promotion)).toMatchObject([
    { status: 'succeeded', error_message: null },
    { status: 'succeeded', error_message: null },
  ]);
  expect(await statusOf(promotion)).toBe('completed');
  const version = (await staging.releases()).find(({ current }) => current)?.version ?? 0;
  for (const app of [production, second]) {
    expect((await app.get()).body).toBe('one of web.1');
    expect(await variable(app, 'WHERE')).toBe(app.name);
    expect((await app.releases()).at(-1)).toMatchObject({
      status: 'succeeded',
      description: `Promote shop-staging v${version} ${commit.slice(0, 8)}`,
    });
    expect(await slugOf(app)).toMatchObject({ checksum: (await slugOf(staging)).checksum, commit });
  }

  // The bytes are theirs now.
  await rig.api('DELETE', `/apps/${staging.name}`);
  await rig.api('PATCH', `/apps/${production.name}/config-vars`, { WHERE: 'still here' });
  await eventually('the next release', async () => (await variable(production, 'WHERE')) === 'still here');
  await rig.killServer();
  await rig.startServer();
  await rig.api('DELETE', `/apps/${production.name}/dynos`);
  await eventually('a dyno again', async () => (await production.get()).body === 'one of web.1');
  expect(await targetsOf(promotion)).toHaveLength(2);
});

it('keeps what runs when the release command of a target fails, or its web dyno does not come up, and says why', async () => {
  const line = await layLine('fail', 'web: exec python server.py\nrelease: echo migrating; exit ${MIGRATION:-0}\n');
  const { production } = line;
  await ended(await promote(line, production));
  await rig.api('PATCH', `/apps/${production.name}/config-vars`, { MIGRATION: '7' });
  await pushTiny(line.staging, 'two', { Procfile: 'web: exec python server.py\nrelease: exit ${MIGRATION:-0}\n' });

  const [refused] = await ended(await promote(line, production));
  expect(refused).toMatchObject({
    status: 'failed',
    error_message: expect.stringMatching(
      /^Release v\d+ failed: its release command exited with status 7\. .*promote again/,
    ),
  });
  await rig.api('PATCH', `/apps/${production.name}/config-vars`, { MIGRATION: '0', CRASH: 'yes' });
  await pushTiny(line.staging, 'three', { Procfile: 'web: test "$CRASH" != yes && exec python server.py\n' });
  const [crashed] = await ended(await promote(line, production));
  expect(crashed).toMatchObject({
    status: 'failed',
    error_message: expect.stringMatching(/^Release v\d+ failed: web\.1 exited with status 1 while it started\. /),
  });
  expect((await production.get()).body).toBe('one of web.1');
});

it('ends a promotion that kill -9 interrupts as failed, with the old release running, and promotes again', async () => {
  const line = await layLine('kill');
  const { production } = line;
  await ended(await promote(line, production));
  await rig.api('PATCH', `/apps/${production.name}/config-vars`, { BIND_AFTER: '5' });
  await eventually('slow starts', async () => (await variable(production, 'BIND_AFTER')) === '5');
  await pushTiny(line.staging, 'two');

  const promotion = await promote(line, production);
  const [target] = await targetsOf(promotion);
  expect(target).toMatchObject({ status: 'pending', release: { id: expect.any(String) } });
  await rig.killServer();
  await rig.startServer();

  const [settled] = await ended(promotion);
  expect(settled).toMatchObject({
    status: 'failed',
    error_message: expect.stringMatching(/^The platform was stopped before release v\d+ was live\. .*Promote again\.$/),
  });
  expect(await statusOf(promotion)).toBe('completed');
  expect((await production.releases()).at(-1)?.status).toBe('failed');
  expect((await production.get()).body).toBe('one of web.1');

  expect(await ended(await promote(line, production))).toMatchObject([{ status: 'succeeded' }]);
  expect((await production.get()).body).toBe('two of web.1');
});

it('refuses promotions out of the pipeline, to the source itself, of nothing, and to apps one may not deploy', async () => {
  const { id } = await created('/pipelines', { name: 'rules' });
  const [source, member, outside] = await Promise.all(['src', 'member', 'outside'].map((name) => rig.createApp(name)));
  for (const app of [source, member]) {
    await created('/pipeline-couplings', { app: app?.name, pipeline: id, stage: 'staging' });
  }
  const attempt = async (targets: unknown, headers = {}): Promise<string> => {
    const body = { pipeline: { id }, source: { app: { id: source?.name } }, targets };
    const { status, json } = await rig.api('POST', '/pipeline-promotions', body, headers);
    return `${status} ${(json as { message: string }).message}`;
  };
  const to = (app: RigApp | undefined): readonly unknown[] => [{ app: { id: app?.name } }];
  expect(await attempt(to(member))).toMatch(/^422 Nothing was deployed to src yet/);
  expect(await attempt(to(outside))).toMatch(/^422 .*must be an app of the pipeline rules; add outside to it first/);
  expect(await attempt(to(source))).toMatch(/^422 .*must be another app than the source/);
  expect(await attempt([])).toMatch(/^422 .*at least one app/);

  const made = (await rig.api('POST', '/accounts', { email: 'ada@example.com' })).json;
  const ada = { authorization: `Bearer ${(made as { access_token: { token: string } }).access_token.token}` };
  expect(await attempt(to(member), ada)).toBe("404 Couldn't find that pipeline.");
  await rig.api('POST', `/teams/apps/member/collaborators`, { user: 'ada@example.com', permissions: ['view'] });
  expect(await attempt(to(member), ada)).toBe("404 Couldn't find that app.");
  expect((await rig.api('GET', `/pipelines/${id}/pipeline-couplings`, undefined, ada)).json).toHaveLength(1);
  for (const [method, path] of [
    ['DELETE', `/pipelines/${id}`],
    ['GET', `/pipelines/${id}/stage/review/config-vars`],
  ] as const) {
    expect((await rig.api(method, path, undefined, ada)).status).toBe(403);
  }
});
