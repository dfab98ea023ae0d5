import type { ApiClient } from '../api-client.ts';
import { ClientError } from '../client-error.ts';
import type { ClientContext } from '../context.ts';

interface AuditBody {
  readonly action: string;
  readonly actor: { readonly email: string };
  readonly address: string | null;
  readonly app: { readonly name: string } | null;
  readonly created_at: string;
  readonly detail: string;
  readonly via: string;
}

export interface AuditOptions {
  readonly app?: string;
  readonly num?: string;
  readonly json?: true;
}

/** `hokku audit`: who changed what, the newest last. Without `--app` of the whole platform, for its operator. */
export async function auditCommand({ api, output }: ClientContext, options: AuditOptions): Promise<void> {
  const num = options.num ?? '100';
  if (!/^\d{1,5}$/.test(num)) throw new ClientError('--num must be a number up to 10000.', { kind: 'refusal' });
  const entries = await read(api, options.app, num);
  if (options.json === true) {
    output.json(entries);
    return;
  }
  if (entries.length === 0) output.line('Nobody has changed anything yet.');
  for (const { action, actor, address, app, created_at: at, detail, via } of entries.toReversed()) {
    const where = app === null ? '' : ` ${output.paint.app(app.name)}`;
    const whence = address === null ? via : `${via}, ${address}`;
    output.line(`${at} ${output.paint.user(actor.email)} (${whence}) ${action}${where}: ${detail}`);
  }
}

async function read(api: ApiClient, app: string | undefined, num: string): Promise<readonly AuditBody[]> {
  const path = app === undefined ? '/audit' : `/apps/${encodeURIComponent(app)}/audit`;
  return (await api.request(`${path}?max=${num}`)) as readonly AuditBody[];
}
