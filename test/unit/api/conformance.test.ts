import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { endpointTable } from '../../../src/api/endpoint-table.ts';
import { apiRoutes } from '../../../src/api/routes.ts';
import { sessionId } from '../../../src/api/serialize-authorization.ts';
import type { LaunchOutcome } from '../../../src/lifecycle/launch-outcome.ts';
import type { App } from '../../../src/model/app.ts';
import type { AppId, AppSetupId, PipelineId, ReviewAppId } from '../../../src/model/ids.ts';
import { makeCertificate } from '../../rig/certificate.ts';
import { ApiRig } from './api-rig.ts';

/** The answer is always a refusal: there is no such thing on this platform. */
const neverAnswered: ReadonlySet<string> = new Set([
  'GET /account/features/:feature',
  'PATCH /account/features/:feature',
  'GET /teams/:team',
  'GET /teams/:team/apps',
  'GET /teams/:team/features',
  'GET /teams/:team/invitations',
  'PUT /teams/:team/invitations',
  'GET /teams/:team/members',
  'PUT /teams/:team/members',
  'PATCH /teams/:team/members',
  'DELETE /teams/:team/members/:member',
  'GET /teams/:team/usage',
  'GET /spaces/:space',
  'PATCH /spaces/:space',
  'DELETE /spaces/:space',
  'GET /telemetry-drains/:drain',
  'PATCH /telemetry-drains/:drain',
  'DELETE /telemetry-drains/:drain',
  'POST /actions/addons/resolve',
]);

/** Done by an account of its own. */
const endsTheCaller: ReadonlySet<string> = new Set(['DELETE /account', 'DELETE /users/:user']);

/** Of a source that nobody has uploaded. */
async function sourceBlob(rig: ApiRig): Promise<{ url: string }> {
  const { json } = await rig.api('POST', '/sources');
  return { url: (json as { source_blob: { get_url: string } }).source_blob.get_url };
}

async function certificate(): Promise<{ certificate_chain: string; private_key: string }> {
  const { cert, key } = await makeCertificate(['www.example.com']);
  return { certificate_chain: cert, private_key: key };
}

function sshKey(): string {
  const type = Buffer.from('\0\0\0\u000bssh-ed25519\0\0\0 ', 'latin1');
  return `ssh-ed25519 ${Buffer.concat([type, randomBytes(32)]).toString('base64')} ada@laptop`;
}

/** The body that turns a fresh code into a token. */
async function exchangeable(rig: ApiRig): Promise<unknown> {
  const wanted = { name: 'Reader', redirect_uri: 'https://reader.example/' };
  const client = (await rig.api('POST', '/oauth/clients', wanted)).json as { id: string; secret: string };
  const made = await rig.api('POST', '/oauth/authorizations', { client: client.id, scope: ['read'] });
  const { code } = (made.json as { grant: { code: string } }).grant;
  return { client: { secret: client.secret }, grant: { type: 'authorization_code', code } };
}

/** What a call has to send so that it is answered with a success; what must be there first is made. */
const bodies: Readonly<Record<string, (world: World, rig: ApiRig) => unknown>> = {
  'POST /accounts': () => ({ email: 'new@example.com', password: 'correct horse' }),
  'PATCH /users/:user': () => ({ name: 'Ada' }),
  'POST /account/keys': () => ({ public_key: sshKey() }),
  'POST /account/app-transfers': async (_world, rig) => {
    await rig.createApp('offered-too');
    return { app: 'offered-too', recipient: 'second@example.com' };
  },
  'DELETE /account/app-transfers/:transfer': async ({ params }, rig) => {
    const { name } = await rig.createApp('withdrawn');
    const offered = await rig.api('POST', '/account/app-transfers', { app: name, recipient: 'second@example.com' });
    params['transfer'] = (offered.json as { id: string }).id;
  },
  'PATCH /account/app-transfers/:transfer': () => ({ state: 'accepted' }),
  'PATCH /account/features/:feature': () => ({ enabled: true }),
  'PATCH /apps/:app/features/:feature': () => ({ enabled: true }),
  'PATCH /teams/apps/:app': () => ({ locked: false }),
  'POST /oauth/clients': () => ({ name: 'Another', redirect_uri: 'https://another.example/' }),
  'PATCH /oauth/clients/:client': () => ({ name: 'Renamed' }),
  'POST /oauth/tokens': async (_world, rig) => exchangeable(rig),
  'DELETE /oauth/tokens/:token': async ({ params }, rig) => {
    const { json } = await rig.api('POST', '/oauth/tokens', await exchangeable(rig));
    params['token'] = (json as { access_token: { id: string } }).access_token.id;
  },
  'DELETE /oauth/sessions/:session': async ({ params }, { platform, operator }) => {
    const rest = { hint: null, description: 'browser', scopes: ['global'] as const, expiresAt: null, isSession: true };
    await platform.store.authorizations.create({
      ...rest,
      accountId: operator.id,
      hash: randomBytes(32).toString('hex'),
    });
    const sessions = await platform.store.authorizations.list(operator.id);
    const session = sessions.find(({ isSession }) => isSession);
    params['session'] = session === undefined ? '' : sessionId(session);
  },
  'PATCH /accounts/:account': () => ({ suspended: true }),
  'PATCH /account': () => ({ name: 'Ada', new_password: 'correct horse' }),
  'POST /apps': () => ({ name: 'made-here' }),
  'PATCH /apps/:app': () => ({ maintenance: true }),
  'PATCH /apps/:app/config-vars': () => ({ KEY: 'value' }),
  'PATCH /apps/:app/formation': () => ({ updates: [{ type: 'web', quantity: 2, size: 'basic' }] }),
  'PATCH /apps/:app/formation/:type': () => ({ quantity: 1 }),
  'POST /apps/:app/dynos': () => ({ command: 'bash', attach: true }),
  'POST /apps/:app/dynos/:dyno': () => ({ command: 'bash' }),
  'POST /apps/:app/releases': ({ release }) => ({ release }),
  'DELETE /apps/:app/releases/:release': async ({ app, params }, { platform }) => {
    const launching = await platform.store.releases.findNewest(app.id);
    if (launching === null) throw new Error('no release');
    const untilCancelled = (_end: () => void, cancelled: AbortSignal): Promise<LaunchOutcome> =>
      new Promise((resolve) => {
        cancelled.addEventListener('abort', () => {
          resolve({ status: 'cancelled', isCurrent: false });
        });
      });
    params['release'] = launching.id;
    void platform.launches.run(launching, untilCancelled);
  },
  'POST /apps/:app/builds': async (_world, rig) => ({ source_blob: await sourceBlob(rig) }),
  'DELETE /apps/:app/builds/:build': async ({ app, params }, { platform, operator }) => {
    const running = await platform.store.builds.create({ appId: app.id, commit: null, userId: operator.id });
    platform.cancellations.register(running.id, platform.closing).signal.addEventListener('abort', () => {
      void platform.store.builds.finish(running.id, { status: 'failed' });
    });
    params['build'] = running.id;
  },
  'POST /apps/:app/slugs': () => ({ process_types: { web: 'run' } }),
  'POST /app-setups': async (_world, rig) => ({ source_blob: await sourceBlob(rig), app: { name: 'from-app-json' } }),
  'PUT /apps/:app/buildpack-installations': () => ({ updates: [{ buildpack: 'heroku/python' }] }),
  'POST /apps/:app/log-sessions': () => ({ lines: 10 }),
  'POST /apps/:app/domains': ({ params }) => ({ hostname: '*.example.com', sni_endpoint: params['endpoint'] }),
  'PATCH /apps/:app/domains/:domain': () => ({ sni_endpoint: null }),
  'POST /apps/:app/sni-endpoints': certificate,
  'PATCH /apps/:app/sni-endpoints/:endpoint': certificate,
  'POST /apps/:app/log-drains': () => ({ url: 'https://other.invalid/' }),
  'POST /apps/:app/webhooks': () => ({ include: ['api:app'], level: 'notify', url: 'https://other.invalid/' }),
  'PATCH /apps/:app/webhooks/:webhook': () => ({ include: ['api:dyno'], level: 'sync', url: 'https://new.invalid/' }),
  'POST /apps/:app/collaborators': () => ({ user: 'second@example.com' }),
  'POST /teams/apps/:app/collaborators': () => ({ user: 'third@example.com', permissions: ['deploy'] }),
  'PATCH /teams/apps/:app/collaborators/:collaborator': () => ({ permissions: ['deploy', 'view'] }),
  'DELETE /teams/apps/:app/collaborators/:collaborator': async ({ app, params }, rig) => {
    await rig.api('POST', `/apps/${app.name}/collaborators`, { user: params['collaborator'] });
  },
  'POST /pipelines': () => ({ name: 'another' }),
  'PATCH /pipelines/:pipeline': () => ({ name: 'renamed' }),
  'DELETE /pipelines/:pipeline': async ({ params }, rig) => {
    params['pipeline'] = idOf(await rig.api('POST', '/pipelines', { name: 'to-destroy' }));
  },
  'PATCH /pipelines/:pipeline/stage/:stage/config-vars': () => ({ KEY: 'value' }),
  'POST /pipeline-couplings': async ({ params }, rig) => {
    await rig.createApp('uncoupled');
    return { app: 'uncoupled', pipeline: params['pipeline'], stage: 'development' };
  },
  'PATCH /pipeline-couplings/:coupling': () => ({ stage: 'staging' }),
  'POST /pipeline-promotions': ({ params }) => promotionIn(params['pipeline'] ?? ''),
  'POST /pipeline-transfers': async ({ params }, { platform }) => {
    const first = await platform.store.accounts.findByEmail('first@example.com');
    return { pipeline: { id: params['pipeline'] }, new_owner: { id: first?.id, type: 'user' } };
  },
  'POST /review-apps': async ({ params }, rig) => {
    return { branch: 'other', pipeline: params['pipeline'], source_blob: await sourceBlob(rig) };
  },
  'POST /pipelines/:pipeline/review-app-config': async ({ params }, rig) => {
    await rig.api('DELETE', `/pipelines/${params['pipeline'] ?? ''}/review-app-config`);
    return { repo: 'me/line' };
  },
  'PATCH /pipelines/:pipeline/review-app-config': () => ({ base_name: 'look' }),
  'DELETE /pipelines/:pipeline/review-app-config': async ({ params }, rig) => {
    const id = idOf(await rig.api('POST', '/pipelines', { name: 'not-to-review' }));
    await rig.api('POST', `/pipelines/${id}/review-app-config`, { repo: 'me/line' });
    params['pipeline'] = id;
  },
  'DELETE /review-apps/:review_app': async ({ params }, rig) => {
    const { store } = rig.platform;
    const kept = await store.reviewApps.findById(params['review_app'] as ReviewAppId);
    if (kept === null) throw new Error('no review app');
    const gone = await store.reviewApps.create({ ...kept, appId: kept.appSetupId as string as AppId });
    params['review_app'] = gone.id;
  },
  'POST /filters/apps': ({ app }) => ({ in: { id: [app.id] } }),
  'POST /actions/addons/resolve': () => ({ addon: 'nothing' }),
  'POST /actions/addon-attachments/resolve': async ({ app }, rig) => {
    await rig.api('PATCH', `/apps/${app.name}/config-vars`, { DATABASE_URL: 'postgres://me:word@db.invalid/app' });
    return { addon_attachment: 'DATABASE', app: app.name };
  },
  'POST /oauth/authorizations': () => ({ description: 'made here', scope: ['read'], expires_in: 60 }),
  'PATCH /oauth/authorizations/:authorization': () => ({ description: 'changed' }),
};

function promotionIn(pipeline: string): object {
  return {
    pipeline: { id: pipeline },
    source: { app: { id: 'conforming' } },
    targets: [{ app: { id: 'promoted-to' } }],
  };
}

function idOf({ json }: { readonly json: unknown }): string {
  return (json as { id: string }).id;
}

interface World {
  readonly app: App;
  readonly release: string;
  /** Values of the path's parameters. */
  readonly params: Record<string, string>;
}

/** A platform with one of everything. */
async function furnish(rig: ApiRig): Promise<World> {
  const app = await rig.createApp('conforming');
  const first = await rig.deploy(app);
  await rig.deploy(app);
  await rig.api('PATCH', '/apps/conforming/config-vars', { A: '1' });
  await rig.api('PUT', '/apps/conforming/buildpack-installations', { updates: [{ buildpack: 'heroku/python' }] });
  for (const name of ['first', 'second', 'third']) await rig.account(`${name}@example.com`);
  await rig.api('POST', '/apps/conforming/collaborators', { user: 'first@example.com' });
  const made = await rig.api('POST', '/oauth/authorizations', { description: 'laptop', expires_in: 3600 });
  const registered = { name: 'Program', redirect_uri: 'https://program.example/' };
  const client = (await rig.api('POST', '/oauth/clients', registered)).json as { id: string };
  const key = (await rig.api('POST', '/account/keys', { public_key: sshKey() })).json as { id: string };
  const given = await rig.createApp('given', { authorization: (await rig.account('giver@example.com')).authorization });
  const offered = { app: given.name, recipient: 'admin@localhost' };
  const transfer = (await rig.api('POST', '/account/app-transfers', offered)).json as { id: string };
  const setup = await rig.api('POST', '/app-setups', { source_blob: await sourceBlob(rig) });
  const hook = { include: ['api:app'], level: 'sync', url: 'https://user:word@receiver.invalid/' };
  const webhook = (await rig.api('POST', '/apps/conforming/webhooks', hook)).json as { id: string };
  const drain = await rig.api('POST', '/apps/conforming/log-drains', { url: 'https://user:word@receiver.invalid/' });
  const endpoint = (await rig.api('POST', '/apps/conforming/sni-endpoints', await certificate())).json as {
    name: string;
  };
  const domain = { hostname: 'www.example.com', sni_endpoint: endpoint.name };
  await rig.api('POST', '/apps/conforming/domains', domain);
  await rig.api('PATCH', '/apps/conforming', { maintenance: true });
  await rig.createApp('promoted-to');
  const pipeline = idOf(
    await rig.api('POST', '/pipelines', { name: 'line', owner: { id: rig.operator.id, type: 'user' } }),
  );
  const couple = { app: app.id, pipeline, stage: 'staging' };
  const coupling = idOf(await rig.api('POST', '/pipeline-couplings', couple));
  await rig.api('POST', '/pipeline-couplings', { ...couple, app: 'promoted-to', stage: 'production' });
  const promotion = idOf(await rig.api('POST', '/pipeline-promotions', promotionIn(pipeline)));
  await rig.api('POST', `/pipelines/${pipeline}/review-app-config`, { repo: 'me/line' });
  const reviewApp = await rig.platform.store.reviewApps.create({
    pipelineId: pipeline as PipelineId,
    appId: app.id,
    appSetupId: idOf(setup) as AppSetupId,
    creatorId: rig.operator.id,
    branch: 'main',
    prNumber: 24,
  });
  const [delivery] = await rig.platform.store.webhookDeliveries.list(app.id, { order: 'asc', max: 1 });
  const [build] = await rig.platform.store.builds.list(app.id);
  const params = {
    app: app.name,
    user: '~',
    account: 'third@example.com',
    release: first.id,
    build: build?.id ?? '',
    slug: first.slug?.id ?? '',
    buildpack: 'heroku/python',
    setup: (setup.json as { id: string }).id,
    drain: (drain.json as { token: string }).token,
    domain: 'www.example.com',
    endpoint: endpoint.name,
    webhook: webhook.id,
    delivery: delivery?.id ?? '',
    event: delivery?.event.id ?? '',
    pipeline,
    review_app: reviewApp.id,
    coupling,
    promotion,
    stage: 'review',
    type: 'web',
    dyno: 'web.1',
    region: 'us',
    stack: 'heroku-24',
    size: 'basic',
    feature: 'runtime-heroku-exec',
    team: 'none',
    member: 'nobody@example.com',
    space: 'none',
    session: '~',
    token: '~',
    client: client.id,
    key: key.id,
    transfer: transfer.id,
    collaborator: 'first@example.com',
    authorization: (made.json as { id: string }).id,
  };
  return { app, release: first.id, params };
}

const endpoints = endpointTable(apiRoutes)
  .flatMap(({ methods }) => [...methods.values()])
  .filter(({ route }) => route !== null)
  .map(({ method, path, published }) => ({ name: `${method} ${path}`, method, path, published }))
  .sort((a, b) => turn(a) - turn(b));

/** One world serves all: it is looked at, then changed, and the app is destroyed last. */
function turn({ method, path }: { readonly method: string; readonly path: string }): number {
  if (method !== 'DELETE') return method === 'GET' ? 0 : 1;
  return path === '/apps/:app' ? 3 : 2;
}

let rig: ApiRig;
let world: World;

beforeAll(async () => {
  rig = await ApiRig.start();
  world = await furnish(rig);
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

it.each(endpoints)('$name is answered as Heroku publishes it', async ({ name, method, path, published }) => {
  // First, as it may make what the path names.
  const body = await bodies[name]?.(world, rig);
  const url = path.replaceAll(/:(\w+)/g, (_all, param: string) => {
    const value = world.params[param];
    if (value === undefined) throw new Error(`say in furnish() what :${param} is`);
    return encodeURIComponent(value);
  });

  // The rig checks every answer against its schema: one that does not fit is a 500 that says what differs.
  const who = endsTheCaller.has(name) ? await rig.account(`leaving-${method}-${path.length}@example.com`) : null;
  const answer = await rig.api(method, url, body, who === null ? {} : { authorization: who.authorization });

  const said = JSON.stringify(answer.json);
  const { id } = (answer.json ?? {}) as { id?: string };
  const outcome = neverAnswered.has(name) || answer.status === 501 ? id : answer.status < 300 ? 'answered' : said;
  const wanted = neverAnswered.has(name) ? 'not_found' : answer.status === 501 ? 'not_implemented' : 'answered';
  expect(outcome).toBe(wanted);
  // Published as a list; the official CLI reads the one object that Heroku sends.
  const isList = published?.isList === true && name !== 'GET /apps/:app/usage';
  expect(Array.isArray(answer.json) || !isList || outcome !== 'answered').toBe(true);
});

it('has lists that are not empty where there is something, so that their items are checked', async () => {
  await using furnished = await ApiRig.start();
  const { params } = await furnish(furnished);
  const [line, promotion] = [params['pipeline'] ?? '', params['promotion'] ?? ''];
  for (const path of [
    '/apps',
    '/apps/conforming/releases',
    '/apps/conforming/builds',
    '/apps/conforming/formation',
    '/apps/conforming/dynos',
    '/apps/conforming/log-drains',
    '/apps/conforming/webhooks',
    '/apps/conforming/webhook-deliveries',
    '/apps/conforming/webhook-events',
    '/apps/conforming/domains',
    '/apps/conforming/sni-endpoints',
    '/apps/conforming/collaborators',
    '/apps/conforming/buildpack-installations',
    '/pipelines?eq[name]=line',
    '/pipeline-couplings',
    '/users/~/pipeline-couplings',
    `/pipelines/${line}/pipeline-couplings`,
    `/pipelines/${line}/latest-builds`,
    `/pipelines/${line}/latest-deployments`,
    `/pipelines/${line}/latest-releases`,
    `/pipelines/${line}/review-apps`,
    `/pipeline-promotions/${promotion}/promotion-targets`,
    '/oauth/authorizations',
    '/oauth/clients',
    '/account/keys',
    '/account/app-transfers',
    '/apps/conforming/features',
    '/regions',
    '/stacks',
    '/dyno-sizes',
    '/teams/permissions',
  ]) {
    const answer = await furnished.api('GET', path);
    expect([path, answer.status, (answer.json as readonly unknown[]).length > 0]).toEqual([path, 200, true]);
  }
});
