import type { Deed } from '../model/audit.ts';
import type { AccountId, AppId, DomainId, SniEndpointId } from '../model/ids.ts';
import type { AppTable } from './queries/audit-queries.ts';
import type { Queries } from './store.ts';

export interface DeedQueries extends Queries {
  /** The app that the row with this id belongs to. */
  readonly appOf: (table: AppTable, id: string) => Promise<AppId | null>;
}

type Deeds = {
  readonly [Group in keyof Queries]?: {
    readonly [Method in keyof Queries[Group]]?: Queries[Group][Method] extends (...args: infer Args) => unknown
      ? (queries: DeedQueries, ...args: Args) => Promise<Deed | null> | Deed | null
      : never;
  };
};

/**
 * What each change is called in the audit trail; null: it is none of a user's. A change that is not here is part of another
 * one or the platform's own. No value of a config var, no token, key or URL with credentials may be in a detail.
 */
export const deeds: Deeds = {
  accounts: {
    create: (_queries, { email }) => ({ action: 'account:create', detail: email }),
    changeEmail: (_queries, _id, email) => ({ action: 'account:update', detail: `e-mail ${email}` }),
    update: async (queries, id, { suspendedAt, ...change }) => {
      if (suspendedAt === undefined) return { action: 'account:update', detail: Object.keys(change).join(', ') };
      const action = suspendedAt === null ? 'account:resume' : 'account:suspend';
      return { action, detail: await emailOf(queries, id) };
    },
    delete: async ({ accounts }, id) => ({
      action: 'account:delete',
      detail: (await accounts.findById(id))?.email ?? id,
    }),
  },
  authorizations: {
    create: (_queries, { description, scopes }) => ({
      action: 'authorization:create',
      detail: `${description} (${scopes.join(', ')})`,
    }),
    // Not when it is used: what is changed then is no more than the time of that.
    update: async ({ authorizations }, id, { description, hash }) => {
      const name = description ?? (await authorizations.findById(id))?.description ?? id;
      if (hash !== undefined) return { action: 'authorization:token', detail: `new token for ${name}` };
      return description === undefined ? null : { action: 'authorization:update', detail: name };
    },
    revoke: async ({ authorizations }, id) => ({
      action: 'authorization:revoke',
      detail: (await authorizations.findById(id))?.description ?? id,
    }),
  },
  oauthClients: {
    create: (_queries, { name }) => ({ action: 'client:create', detail: name }),
    update: (_queries, id) => ({ action: 'client:update', detail: id }),
    delete: async ({ oauthClients }, id) => ({
      action: 'client:delete',
      detail: (await oauthClients.findById(id))?.name ?? id,
    }),
  },
  sshKeys: {
    create: (_queries, { fingerprint }) => ({ action: 'key:create', detail: fingerprint }),
    delete: (_queries, id) => ({ action: 'key:delete', detail: id }),
  },
  apps: {
    create: (_queries, { name }) => ({ action: 'app:create', appName: name, detail: name }),
    update: (_queries, id, change) => describeAppUpdate(id, change),
    delete: async ({ apps }, id) => {
      const name = (await apps.findById(id))?.name ?? id;
      return { action: 'app:destroy', appId: id, appName: name, detail: name };
    },
    setBuildpacks: (_queries, id, references) => ({
      action: 'buildpacks:set',
      appId: id,
      // A buildpack's URL may have credentials in it.
      detail: references.map((reference) => reference.replace(/\/\/[^/@]*@/, '//')).join(', '),
    }),
  },
  appFeatures: {
    set: (_queries, appId, name, enabled) => ({
      action: enabled ? 'feature:enable' : 'feature:disable',
      appId,
      detail: name,
    }),
  },
  appTransfers: {
    create: async (queries, { appId, recipientId }) => ({
      action: 'transfer:create',
      appId,
      detail: `to ${await emailOf(queries, recipientId)}`,
    }),
    answer: async ({ appOf }, id, state) => inApp(`transfer:${state}`, await appOf('app_transfers', id), id),
  },
  collaborators: {
    set: async (queries, appId, accountId, permissions) => ({
      action: 'collaborator:set',
      appId,
      detail: `${await emailOf(queries, accountId)} (${permissions.join(', ')})`,
    }),
    remove: async ({ appOf, collaborators }, id) => {
      const appId = await appOf('collaborators', id);
      const all = appId === null ? [] : await collaborators.list(appId);
      return inApp('collaborator:remove', appId, rowOf(all, id)?.email ?? id);
    },
  },
  builds: {
    create: (_queries, { appId, commit }) => ({ action: 'build:create', appId, detail: commit ?? 'from a source' }),
  },
  releases: {
    create: (_queries, { appId, description }) => ({ action: 'release:create', appId, detail: description }),
  },
  formation: {
    set: (_queries, appId, type, { quantity, size }) => ({
      action: 'formation:update',
      appId,
      detail: [type, quantity === undefined ? '' : `=${quantity}`, size === undefined ? '' : `:${size}`].join(''),
    }),
  },
  appSetups: {
    create: (_queries, { appName }) => ({ action: 'setup:create', appName, detail: appName }),
  },
  logDrains: {
    create: (_queries, { appId, token }) => ({ action: 'drain:create', appId, detail: token }),
    delete: async ({ appOf, logDrains }, id) => {
      const appId = await appOf('log_drains', id);
      const all = appId === null ? [] : await logDrains.list(appId);
      return inApp('drain:delete', appId, rowOf(all, id)?.token ?? id);
    },
  },
  domains: {
    create: (_queries, { appId, hostname }) => ({ action: 'domain:create', appId, detail: hostname }),
    setSniEndpoint: (queries, id) => describeDomain(queries, 'domain:update', id),
    delete: (queries, id) => describeDomain(queries, 'domain:delete', id),
  },
  sniEndpoints: {
    create: (_queries, { appId, name }) => ({ action: 'certificate:create', appId, detail: name }),
    update: (queries, id) => describeCertificate(queries, 'certificate:update', id),
    delete: (queries, id) => describeCertificate(queries, 'certificate:delete', id),
  },
  pipelines: {
    create: (_queries, { name }) => ({ action: 'pipeline:create', detail: name }),
    update: async ({ pipelines }, id, { name, ownerId }) => ({
      action: 'pipeline:update',
      detail: `${(await pipelines.findById(id))?.name ?? id}${name === undefined ? '' : ` renamed to ${name}`}${ownerId === undefined ? '' : ' given away'}`,
    }),
    delete: async ({ pipelines }, id) => ({
      action: 'pipeline:delete',
      detail: (await pipelines.findById(id))?.name ?? id,
    }),
    writeConfig: async ({ pipelines }, id, stage) => ({
      action: 'pipeline:config',
      detail: `${(await pipelines.findById(id))?.name ?? id}, stage ${stage}`,
    }),
  },
  pipelineCouplings: {
    create: (_queries, { appId, stage }) => ({ action: 'coupling:create', appId, detail: stage }),
    update: async ({ appOf }, id, stage) => inApp('coupling:update', await appOf('pipeline_couplings', id), stage),
    delete: async ({ appOf }, id) => inApp('coupling:delete', await appOf('pipeline_couplings', id), id),
  },
  pipelinePromotions: {
    create: (_queries, { sourceAppId, targets }) => ({
      action: 'promotion:create',
      appId: sourceAppId,
      detail: `to ${targets.length} app${targets.length === 1 ? '' : 's'}`,
    }),
  },
  webhooks: {
    create: (_queries, { appId, include }) => ({ action: 'webhook:create', appId, detail: include.join(', ') }),
    update: async ({ appOf }, id) => inApp('webhook:update', await appOf('webhooks', id), id),
    delete: async ({ appOf }, id) => inApp('webhook:delete', await appOf('webhooks', id), id),
  },
};

/** That an app was deployed, is told by its release. */
function describeAppUpdate(
  id: AppId,
  { name, maintenance, acm, ownerId }: Parameters<Queries['apps']['update']>[1],
): Deed | null {
  const parts = [
    ...(name === undefined ? [] : [`renamed to ${name}`]),
    ...(maintenance === undefined ? [] : [`maintenance ${maintenance ? 'on' : 'off'}`]),
    ...(acm === undefined ? [] : [`automated certificate management ${acm ? 'on' : 'off'}`]),
    ...(ownerId === undefined ? [] : [`owner ${ownerId}`]),
  ];
  return parts.length === 0 ? null : { action: 'app:update', appId: id, detail: parts.join(', ') };
}

async function describeDomain({ appOf, domains }: DeedQueries, action: string, id: DomainId): Promise<Deed> {
  const appId = await appOf('domains', id);
  const all = appId === null ? [] : await domains.list(appId);
  return inApp(action, appId, rowOf(all, id)?.hostname ?? id);
}

async function describeCertificate(
  { appOf, sniEndpoints }: DeedQueries,
  action: string,
  id: SniEndpointId,
): Promise<Deed> {
  const appId = await appOf('sni_endpoints', id);
  const all = appId === null ? [] : await sniEndpoints.list(appId);
  return inApp(action, appId, rowOf(all, id)?.name ?? id);
}

function inApp(action: string, appId: AppId | null, detail: string): Deed {
  return appId === null ? { action, detail } : { action, appId, detail };
}

function rowOf<Row extends { readonly id: string }>(rows: readonly Row[], id: string): Row | undefined {
  return rows.find((row) => row.id === id);
}

async function emailOf({ accounts }: Queries, id: AccountId): Promise<string> {
  return (await accounts.findById(id))?.email ?? id;
}
