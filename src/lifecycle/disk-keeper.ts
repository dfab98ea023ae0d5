import type { DiskLimits } from '../config/index.ts';
import { measureDisk, reservedBytes, type SpaceClaim, type SpaceShortage } from '../disk/index.ts';
import { fired } from '../lib/fired.ts';
import { freeSpace } from '../lib/free-space.ts';
import { measureFolder } from '../lib/measure-folder.ts';
import type { App } from '../model/app.ts';
import type { AppId, BuildId } from '../model/ids.ts';
import type { Slug } from '../model/slug.ts';
import { collectSpace } from './collect-space.ts';
import type { Collected, DiskTools, Pressure, QuotaShortage } from './disk-tools.ts';

const ballastEveryMs = 5_000;
const tickEveryMs = 60_000;
/** Each push leaves a pack, and many make every git slower: so many don't wait for the next tick. */
const mostUnpacked = 20;
const firstBuildBytes = 256 * 1024 * 1024;
const leastBytes = 64 * 1024 * 1024;
/** A build's folders hold the source, the app that is built of it and its slug; measured on the usual languages. */
const perSlugByte = 8;
/** On a small disk builds are let try, and are named as what filled it. */
const mostOfDisk = 1 / 8;
const buildFiles = 5_000;
/** What the quota is about; the folders of builds and dynos come and go. */
const counted = ['repos', 'slugs', 'sources', 'streams', 'cache', 'buildpacks', 'logs'] as const;

/** Keeps the data folder within its quota and the disk from filling: decides who may build, and lets go what is needed least. */
export class DiskKeeper implements AsyncDisposable {
  readonly #tools: DiskTools;
  readonly #timers: NodeJS.Timeout[] = [];
  /** How often each was pushed to since it was packed. */
  readonly #changed = new Map<AppId, number>();
  #packing: Promise<void> | null = null;
  #collecting: Promise<Collected> | null = null;
  #looking: Promise<void> | null = null;
  #last: Pressure | null = null;

  constructor(tools: DiskTools) {
    this.#tools = tools;
  }

  /** The data folder. */
  get root(): string {
    return this.#tools.root;
  }

  /** As it was found last; null: not looked at yet. */
  get last(): Pressure | null {
    return this.#last;
  }

  get limits(): DiskLimits {
    return this.#tools.limits;
  }

  start(): void {
    const every = (ms: number, work: () => Promise<unknown>): void => {
      this.#timers.push(setInterval(() => void this.#watch(work()), ms).unref());
    };
    const { ballast } = this.#tools;
    void this.#watch(ballast.adjust());
    every(ballastEveryMs, async () => {
      if ((await ballast.adjust()) === 'released') await this.collect();
    });
    every(tickEveryMs, () => this.#tick());
  }

  /** Asks for the space of one build; what it says no to has not been started, and nothing that could go was left. */
  async admit(build: {
    readonly id: BuildId;
    readonly lastSlug: Slug | null;
    /** Of the build: one that is cancelled does not wait for a collection. */
    readonly signal: AbortSignal;
  }): Promise<SpaceClaim | SpaceShortage | QuotaShortage> {
    const { ledger, paths } = this.#tools;
    const { id, lastSlug, signal } = build;
    const guess = lastSlug === null ? firstBuildBytes : Math.max(leastBytes, lastSlug.sizeBytes * perSlugByte);
    const { totalBytes } = await freeSpace(this.#tools.root);
    const bytes = Math.min(guess, Math.floor(totalBytes * mostOfDisk));
    const taken = async (): Promise<number> => {
      const dirs = [`${paths.builds}/${id}`, `${paths.builds}/${id}.source`];
      const sizes = await Promise.all(dirs.map((dir) => measureFolder(dir)));
      return sizes.reduce((sum, { total }) => sum + total, 0);
    };
    const need = { bytes, files: buildFiles, taken };
    const first = await ledger.claim(need);
    const isOver = (this.#last?.usedBytes ?? 0) > (this.#last?.quotaBytes ?? 0);
    if (first.status === 'granted' && !isOver) return first;
    if (first.status === 'granted') first[Symbol.dispose]();
    const over = new AbortController();
    await Promise.race([this.collect(bytes), fired(signal, over.signal)]).finally(() => {
      over.abort();
    });
    if (signal.aborted) return { status: 'granted', [Symbol.dispose]: () => undefined };
    const { usedBytes, quotaBytes } = this.#last ?? { usedBytes: 0, quotaBytes: Infinity };
    if (usedBytes > quotaBytes) return { status: 'short', of: 'quota', used: usedBytes, quota: quotaBytes };
    return ledger.claim(need);
  }

  /** How many bytes a push may bring: what builds are not promised, and running apps don't need. What could go has gone. */
  async roomForPush(): Promise<number> {
    const { ledger, root } = this.#tools;
    const [room, { totalBytes }] = await Promise.all([ledger.room(), freeSpace(root)]);
    const wanted = Math.min(leastBytes, Math.floor(totalBytes * mostOfDisk));
    if (room >= wanted) return Math.floor(room);
    await this.collect(wanted);
    return Math.max(0, Math.floor(await ledger.room()));
  }

  /** Something of this app was written: its repository is packed and the disk is looked at, behind everybody's back. */
  touched(app: Pick<App, 'id'>): void {
    const pushes = (this.#changed.get(app.id) ?? 0) + 1;
    this.#changed.set(app.id, pushes);
    if (pushes >= mostUnpacked) this.#tools.inBackground('pack repositories', this.#watch(this.#packChanged()));
    if (this.#looking !== null || this.#tools.closing.aborted) return;
    this.#looking = this.#watch(this.#look()).finally(() => {
      this.#looking = null;
    });
    this.#tools.inBackground('look at the disk', this.#looking);
  }

  /** How things stand now. `wantedBytes`: to be free besides the reserve. */
  async measure(wantedBytes = 0): Promise<Pressure> {
    const { paths, root, limits } = this.#tools;
    const [usage, { totalBytes, freeBytes }] = await Promise.all([measureDisk(paths), freeSpace(root)]);
    const usedBytes = counted.reduce((sum, name) => sum + usage.totals[name], 0);
    const quotaBytes = limits.quotaBytes ?? Math.floor(totalBytes * 0.8);
    const missing = reservedBytes(limits, totalBytes) + wantedBytes - freeBytes;
    const excessBytes = Math.max(0, usedBytes - quotaBytes, missing);
    this.#last = { usage, usedBytes, quotaBytes, excessBytes };
    return this.#last;
  }

  /** Removes what nothing needs, and as long as the quota is passed or space is short, what is needed least. */
  async collect(wantedBytes = 0, isAsked = false): Promise<Collected> {
    // Whoever comes while it goes on may want more than it was told to free.
    await this.#collecting?.catch(() => undefined);
    this.#collecting ??= collectSpace(this.#tools, () => this.measure(wantedBytes), isAsked).finally(() => {
      this.#collecting = null;
    });
    return this.#collecting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#looking;
    await this.#packing;
    await this.#collecting?.catch(() => undefined);
  }

  // Private

  async #look(): Promise<void> {
    if ((await this.measure()).excessBytes > 0) await this.collect();
  }

  async #tick(): Promise<void> {
    await this.#packChanged();
    await this.#look();
  }

  #packChanged(): Promise<void> {
    this.#packing ??= this.#packEach().finally(() => {
      this.#packing = null;
    });
    return this.#packing;
  }

  async #packEach(): Promise<void> {
    const { repos, gate, closing, log } = this.#tools;
    for (const appId of [...this.#changed.keys()]) {
      this.#changed.delete(appId);
      try {
        await gate.run(() => repos.pack(appId, closing));
      } catch (error) {
        if (!closing.aborted) log.warn({ app: appId, err: error }, 'repository not packed');
      }
    }
  }

  async #watch(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.#tools.closing.aborted) this.#tools.log.error({ err: error }, 'keeping the disk in order failed');
    }
  }
}
