import { readFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { reservedBytes } from '../disk/index.ts';
import { freeSpace } from '../lib/free-space.ts';
import { nowMicros } from '../lib/micros.ts';
import type { App } from '../model/app.ts';
import type { Notice } from '../model/notice.ts';
import type { Notices } from '../webhook/index.ts';
import type { Platform } from './platform.ts';

const dayMs = 24 * 3_600_000;
/** Crashes in a row of one dyno: the third is no accident. */
const loopCrashes = 3;
const nearQuota = 0.9;
const certificateDays = 14;

/** `hokku backup` leaves the time of the last whole one in the data folder. */
export const lastBackupFile = 'last-backup';

export interface WatchmanOptions {
  readonly everyMs: number;
  /** HOKKU_BACKUP_MAX_DAYS; null: 7, if there ever was a backup. */
  readonly backupMaxDays: number | null;
  /** The operator's own certificate, PEM; null: the platform renews its own. */
  readonly certificate: string | null;
}

type Found = Notice & { readonly dyno?: { readonly app: App; readonly process: string } };

/** Looks from time to time for what becomes a failure if nobody does anything, and has the operator told. */
export class Watchman implements AsyncDisposable {
  readonly #platform: Platform;
  readonly #notices: Notices;
  readonly #options: WatchmanOptions;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;

  constructor(platform: Platform, notices: Notices, options: WatchmanOptions) {
    this.#platform = platform;
    this.#notices = notices;
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = null;
      });
    }, this.#options.everyMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
  }

  // Private

  async #look(): Promise<void> {
    const looks = [crashLoops, certificates, quota, reserve].map((look) => look(this.#platform));
    const { backupMaxDays, certificate } = this.#options;
    looks.push(backup(this.#platform, backupMaxDays), Promise.resolve(own(certificate)));
    for (const found of await Promise.allSettled(looks)) {
      if (found.status === 'rejected') {
        this.#platform.logs.platform.error(
          { err: found.reason as unknown },
          'something that is watched could not be looked at',
        );
        continue;
      }
      for (const notice of found.value) await this.#tell(notice);
    }
  }

  async #tell({ dyno, ...notice }: Found): Promise<void> {
    try {
      if (!(await this.#notices.tell(notice)) || dyno === undefined) return;
      const { app, process } = dyno;
      this.#platform.logplex.append(app.id, [
        { atMicros: nowMicros(), source: 'heroku', process, message: notice.message },
      ]);
    } catch (error) {
      this.#platform.logs.platform.error({ err: error, cause: notice.cause }, 'a notice could not be told');
    }
  }
}

async function crashLoops({ store }: Platform): Promise<readonly Found[]> {
  const rows = (await store.dynos.listAll()).filter(({ crashes, state }) => crashes >= loopCrashes && state !== 'down');
  const found: Found[] = [];
  for (const row of rows) {
    const app = await store.apps.findById(row.appId);
    if (app === null) continue;
    const next = row.restartAt === null ? '' : ` It is started again at ${row.restartAt.toISOString()}.`;
    found.push({
      cause: `crash-loop:${app.id}:${row.type}`,
      appName: app.name,
      message: `${row.name} of ${app.name} has crashed ${row.crashes} times in a row.${next} See heroku logs --app ${app.name}, and deploy a fix or roll back.`,
      dyno: { app, process: row.name },
    });
  }
  return found;
}

async function certificates({ store }: Platform): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const app of await store.apps.list()) {
    for (const endpoint of await store.sniEndpoints.list(app.id)) {
      const { validTo } = new X509Certificate(endpoint.certificateChain);
      const notice = expiring(validTo, `certificate:${endpoint.id}`, `The certificate ${endpoint.name} of ${app.name}`);
      // The platform begins to renew its own long before.
      const todo = endpoint.acm
        ? `Its renewal fails: heroku certs:auto --app ${app.name} says why, heroku certs:auto:refresh tries again.`
        : `Renew it and run heroku certs:update --app ${app.name}.`;
      if (notice === null) continue;
      const message = `${notice.message} ${todo}`;
      found.push({ ...notice, message, appName: app.name, dyno: { app, process: 'router' } });
    }
  }
  return found;
}

function own(certificate: string | null): readonly Found[] {
  if (certificate === null) return [];
  const { validTo } = new X509Certificate(certificate);
  const notice = expiring(validTo, 'certificate:platform', "The platform's certificate (HOKKU_TLS_CERT)");
  const todo = 'Renew it and start the platform again.';
  return notice === null ? [] : [{ ...notice, message: `${notice.message} ${todo}` }];
}

function expiring(validTo: string, cause: string, what: string): Notice | null {
  const days = Math.floor((new Date(validTo).getTime() - Date.now()) / dayMs);
  if (days >= certificateDays) return null;
  const when = days < 0 ? `expired on ${validTo}` : `expires in ${days} days, on ${validTo}`;
  // Once more when it has expired.
  return { cause: `${cause}:${days < 0 ? 'expired' : 'near'}`, appName: null, message: `${what} ${when}.` };
}

function quota({ disk }: Platform): Promise<readonly Found[]> {
  const { last } = disk;
  if (last === null || last.usedBytes < last.quotaBytes * nearQuota) return Promise.resolve([]);
  const message = `The data folder holds ${megabytes(last.usedBytes)} of its quota of ${megabytes(last.quotaBytes)}; at the quota, builds are refused. See hokku disk, or raise HOKKU_DISK_QUOTA_MB.`;
  return Promise.resolve([{ cause: 'disk-quota', appName: null, message }]);
}

async function reserve({ disk }: Platform): Promise<readonly Found[]> {
  const { freeBytes, totalBytes } = await freeSpace(disk.root);
  const reserved = reservedBytes(disk.limits, totalBytes);
  if (freeBytes >= reserved) return [];
  const message = `The disk of the data folder has ${megabytes(freeBytes)} free, less than the reserve of ${megabytes(reserved)} for dynos, logs and the database. Free some space: see hokku disk.`;
  return [{ cause: 'disk-reserve', appName: null, message }];
}

async function backup({ disk }: Platform, maxDays: number | null): Promise<readonly Found[]> {
  const text = await readFile(join(disk.root, lastBackupFile), 'utf8').catch(() => null);
  if (text === null && maxDays === null) return [];
  const said = text === null ? null : new Date(text.trim());
  // A file that somebody has spoiled tells of no backup.
  const at = said === null || Number.isNaN(said.getTime()) ? null : said;
  const days = at === null ? Infinity : (Date.now() - at.getTime()) / dayMs;
  if (days < (maxDays ?? 7)) return [];
  const last = at === null ? 'There is no backup' : `The last backup is of ${at.toISOString()}`;
  return [
    { cause: 'backup-old', appName: null, message: `${last}. Make one: hokku backup. See HOKKU_BACKUP_MAX_DAYS.` },
  ];
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}
