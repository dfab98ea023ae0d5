import { expect, it } from '@jest/globals';
import type { Access } from '../../../src/api/route.ts';
import { apiRoutes } from '../../../src/api/routes.ts';
import type { App } from '../../../src/model/app.ts';
import { scopes, type Scope } from '../../../src/model/authorization.ts';
import { appPermissions } from '../../../src/model/collaborator.ts';
import { ApiRig, type ApiAnswer } from './api-rig.ts';

const endpoints = Object.entries(apiRoutes).map(([name, { access }]) => {
  const [method = '', path = ''] = name.split(' ');
  return { name, method, path, access };
});

/** What was decided: `in` means that the handler was reached, or the check of the body behind all others. */
type Verdict = 'in' | 'who?' | 'no such app' | 'forbidden';

function verdictOf({ status, json }: ApiAnswer): Verdict {
  const { id, message } = (json ?? {}) as { id?: string; message?: string };
  if (status === 401) return 'who?';
  if (status === 403) return 'forbidden';
  return id === 'not_found' && message === "Couldn't find that app." ? 'no such app' : 'in';
}

/** Owner, operator, every collaborator, a stranger: with an app of the owner's for each destructive call. */
class World {
  readonly rig: ApiRig;
  #apps = 0;
  readonly people: Record<
    string,
    { readonly id: Awaited<ReturnType<ApiRig['account']>>['id']; readonly authorization: string }
  > = {};

  constructor(rig: ApiRig) {
    this.rig = rig;
  }

  async populate(): Promise<void> {
    for (const name of ['owner', 'stranger', ...appPermissions]) {
      this.people[name] = await this.rig.account(`${name}@example.com`);
    }
    this.people['operator'] = { id: this.rig.operator.id, authorization: `Bearer ${this.rig.token}` };
  }

  as(name: string): string {
    return this.people[name]?.authorization ?? '';
  }

  async createApp(): Promise<App> {
    this.#apps += 1;
    const app = await this.rig.createApp(`app-${this.#apps}`, { authorization: this.as('owner') });
    for (const permission of appPermissions) {
      const person = this.people[permission];
      if (person === undefined) throw new Error('the world is empty');
      const permissions = permission === 'view' ? (['view'] as const) : (['view', permission] as const);
      await this.rig.platform.store.collaborators.set(app.id, person.id, permissions);
    }
    return app;
  }

  async call(endpoint: (typeof endpoints)[number], app: App, authorization: string): Promise<Verdict> {
    const path = endpoint.path.replace(':app', app.name).replace(':user', '~').replaceAll(/:\w+/g, 'nothing-like-it');
    const body = endpoint.method === 'GET' ? undefined : {};
    return verdictOf(await this.rig.api(endpoint.method, path, body, { authorization }));
  }
}

function expected(access: Access, role: string): Verdict {
  if (access.is === 'public') return 'in';
  if (access.is !== 'app') return access.is === 'account' || role === 'operator' ? 'in' : 'forbidden';
  if (role === 'owner' || role === 'operator') return 'in';
  if (role === 'stranger') return 'no such app';
  const granted = ['view', role];
  return access.need !== 'owner' && access.need.some((permission) => granted.includes(permission)) ? 'in' : 'forbidden';
}

/** Endpoints that look closer than their route says, by what is asked for. */
const looksCloser: ReadonlySet<string> = new Set([
  'DELETE /apps/:app/collaborators/:collaborator',
  'DELETE /teams/apps/:app/collaborators/:collaborator',
]);

/** Done by an account of its own, so that the others stay. */
const endsTheCaller: ReadonlySet<string> = new Set(['DELETE /account', 'DELETE /users/:user']);

it('lets everybody do what the route says and nothing else: every endpoint, every role', async () => {
  await using rig = await ApiRig.start();
  const world = new World(rig);
  await world.populate();
  const shared = await world.createApp();
  const wrong: unknown[] = [];
  for (const endpoint of endpoints) {
    for (const role of Object.keys(world.people)) {
      const app =
        endpoint.method === 'DELETE' && expected(endpoint.access, role) === 'in' ? await world.createApp() : shared;
      const caller = endsTheCaller.has(endpoint.name)
        ? (await rig.account(`${role}-${endpoint.path.length}@example.com`)).authorization
        : world.as(role);
      const verdict = await world.call(endpoint, app, caller);
      const isExpected =
        verdict === expected(endpoint.access, role) || (verdict === 'forbidden' && looksCloser.has(endpoint.name));
      if (!isExpected) wrong.push([endpoint.name, role, verdict]);
    }
  }
  expect(wrong).toEqual([]);
});

it('asks for a token that is valid: every endpoint but the public ones', async () => {
  await using rig = await ApiRig.start();
  const world = new World(rig);
  await world.populate();
  const app = await world.createApp();
  const owner = world.people['owner'];
  if (owner === undefined) throw new Error('the world is empty');
  const expired = await rig.authorize(owner, ['global'], new Date(Date.now() - 1000));
  const [newest] = (await rig.platform.store.authorizations.list(owner.id)).slice(-1);
  const revoked = await rig.authorize(owner, ['global']);
  for (const { id } of await rig.platform.store.authorizations.list(owner.id)) {
    if (id !== newest?.id) await rig.platform.store.authorizations.revoke(id);
  }
  const unknown = ['', 'Bearer HRKU-00000000-0000-4000-8000-000000000000', expired, revoked, 'Basic Og=='];
  for (const endpoint of endpoints) {
    const verdicts = await Promise.all(unknown.map((authorization) => world.call(endpoint, app, authorization)));
    const wanted: Verdict = endpoint.access.is === 'public' ? 'in' : 'who?';
    expect([endpoint.name, verdicts]).toEqual([endpoint.name, unknown.map(() => wanted)]);
  }
});

const ofApps =
  /^\/(apps|users\/(:user\/apps|~\/pipeline-couplings)|teams\/apps|addons|addon-|actions|sources|pipeline|review-app|app-setup|filters|test-run|telemetry)/;

/** Said a second time, from the paths: what the declarations may not get wrong. */
function scopesFor(method: string, path: string): readonly Scope[] {
  // What runs in a dyno sees the config vars.
  const isConfig = path.includes('config-vars') || (method === 'POST' && /\/dynos(\/:dyno)?$/.test(path));
  const reads =
    method === 'GET' || path.endsWith('/resolve') || path.endsWith('/log-sessions') || path === '/filters/apps';
  // Gives the stages' config vars away.
  if (path === '/pipeline-transfers') return ['global'];
  if (ofApps.test(path)) {
    const protectedOnes: readonly Scope[] = reads ? ['read-protected', 'write-protected'] : ['write-protected'];
    if (isConfig) return ['global', ...protectedOnes];
    return ['global', ...protectedOnes, ...(reads ? (['read', 'write'] as const) : (['write'] as const))];
  }
  return ['global'];
}

it('holds every token to its scope: every endpoint, every scope', async () => {
  await using rig = await ApiRig.start();
  const world = new World(rig);
  await world.populate();
  const { operator } = rig;
  const tokens = new Map<Scope, string>();
  for (const scope of scopes) tokens.set(scope, await rig.authorize(operator, [scope]));
  const wrong: unknown[] = [];
  for (const endpoint of endpoints) {
    const { access } = endpoint;
    if (access.is === 'public') continue;
    // What every token may read about its account and the platform.
    const isForAll = access.scope.reach === 'identity' && endpoint.method === 'GET';
    const allowed = isForAll ? scopes : scopesFor(endpoint.method, endpoint.path);
    for (const [scope, authorization] of tokens) {
      const app = await world.rig.platform.store.apps.findByName('scoped');
      const verdict = await world.call(endpoint, app ?? (await rig.createApp('scoped')), authorization);
      const isRight = allowed.includes(scope) ? verdict !== 'forbidden' : verdict === 'forbidden';
      if (!isRight) wrong.push([endpoint.name, scope, verdict]);
    }
  }
  expect(wrong).toEqual([]);
  // Nothing that is an app's is for tokens that may only say who they are.
  const readable = endpoints.filter(({ access }) => access.is !== 'public' && access.scope.reach === 'identity');
  expect(readable.filter(({ path, method }) => method !== 'GET' || path.includes(':app'))).toEqual([]);
});

it('takes config vars for a new app from a token that may set config vars only', async () => {
  await using rig = await ApiRig.start();
  const post = async (scope: Scope, more: object): Promise<number> => {
    const authorization = await rig.authorize(rig.operator, [scope]);
    const body = { source_blob: { url: 'https://source.invalid/app.tgz' }, ...more };
    return (await rig.api('POST', '/app-setups', body, { authorization })).status;
  };
  const overrides = { env: { SECRET: 'x' } };
  expect(await post('write', { overrides })).toBe(403);
  expect(await rig.platform.store.apps.list()).toEqual([]);
  expect([await post('write', {}), await post('write-protected', { overrides })]).toEqual([202, 202]);
});
