import { ApiError, ClientError } from './client/client-error.ts';
import { openContext } from './client/context.ts';
import type { Output } from './client/output.ts';
import type { Terminal } from './terminal.ts';

/** The answer of `GET /disk`; all numbers are bytes. */
interface Disk {
  readonly freed?: number;
  readonly disk: { readonly total: number; readonly free: number; readonly free_inodes: number | null };
  readonly quota: number;
  readonly used: number;
  readonly reserve: number;
  readonly platform: Readonly<Record<'database' | 'sources' | 'builds' | 'dynos' | 'ballast', number>>;
  readonly apps: readonly (Readonly<Record<Column | 'slug_count', number>> & {
    readonly app: { readonly name: string };
  })[];
}

type Column = 'repository' | 'slugs' | 'unpacked' | 'cache' | 'logs' | 'streams' | 'dynos' | 'total';

/** `hokku disk`: who uses what; with `--collect`, removes what nothing needs first and says how much that was. */
export async function diskCommand(
  options: { readonly json?: true; readonly collect?: true },
  terminal: Terminal,
): Promise<number> {
  const { api, output } = await openContext(terminal);
  let answer: Disk;
  try {
    answer = (await (options.collect === true
      ? api.request('/disk/actions/collect', { method: 'POST', body: {} })
      : api.request('/disk'))) as Disk;
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 501)) throw error;
    throw new ClientError(`${api.target.url.origin} can't tell of its disk: it runs an older version. Upgrade it.`);
  }
  if (options.json === true) output.json(answer);
  else show(answer, output);
  return 0;
}

function show({ freed, disk, quota, used, reserve, platform, apps }: Disk, output: Output): void {
  if (freed !== undefined) output.line(`Freed ${size(freed)}.\n`);
  output.object({
    Used: `${size(used)} of ${size(quota)} (HOKKU_DISK_QUOTA_MB)`,
    Free: `${size(disk.free)} of the disk's ${size(disk.total)}, ${size(reserve)} of it not for builds (HOKKU_DISK_RESERVE_MB)`,
    'Free inodes': disk.free_inodes === null ? 'as many as needed' : String(disk.free_inodes),
    Platform: `database ${size(platform.database)}, waiting sources ${size(platform.sources)}, builds under way ${size(platform.builds)}, dynos ${size(platform.dynos)}, reserve file ${size(platform.ballast)}`,
  });
  if (apps.length === 0) return;
  output.line();
  const rows = apps.map((one) => [
    one.app.name,
    size(one.repository),
    `${size(one.slugs)} (${one.slug_count})`,
    size(one.unpacked),
    size(one.cache),
    size(one.logs),
    size(one.streams),
    size(one.dynos),
    size(one.total),
  ]);
  output.table(['App', 'Repository', 'Slugs', 'Unpacked', 'Cache', 'Logs', 'Output', 'Dynos', 'Total'], rows);
}

/** `512 KB`, `1.4 MB`, `2.0 GB`. */
function size(bytes: number): string {
  const megabytes = bytes / 1024 ** 2;
  if (megabytes >= 1024) return `${(megabytes / 1024).toFixed(1)} GB`;
  return megabytes >= 1 ? `${megabytes.toFixed(1)} MB` : `${Math.ceil(bytes / 1024)} KB`;
}
