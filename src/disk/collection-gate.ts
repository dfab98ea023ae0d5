import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import { identify, isAlive } from '../lib/process-identity.ts';

/** A hold that its process forgot, because it was stopped or hangs, counts no longer than this. */
const maxHoldMs = 15 * 60_000;
const pollMs = 50;

/**
 * Lets another process, such as a backup, keep the platform's collection away while it looks at the files. Whoever is about
 * to do something first says so by an empty file, and then looks whether the other has: so never both go on. The names
 * tell which process it was, and what a dead one has left means nothing.
 *
 *     held-<pid>-<start time>-<random>         somebody looks at the files
 *     collecting-<pid>-<start time>            the platform removes or repacks some
 */
export class CollectionGate {
  readonly #dir: string;
  readonly #closing: AbortSignal;
  #running = 0;
  #marking: Promise<void> = Promise.resolve();

  constructor(dir: string, closing: AbortSignal) {
    this.#dir = dir;
    this.#closing = closing;
  }

  /** Does `step` when nobody holds the files, and waits for that; throws the closing signal's reason. Steps should be short. */
  async run<T>(step: () => Promise<T>): Promise<T> {
    for (;;) {
      this.#closing.throwIfAborted();
      const outcome = await this.#try(step);
      if (outcome.isDone) return outcome.value;
      await delay(pollMs * 5, undefined, { signal: this.#closing });
    }
  }

  /** Null: somebody holds the files. */
  async runNow<T>(step: () => Promise<T>): Promise<T | null> {
    const outcome = await this.#try(step);
    return outcome.isDone ? outcome.value : null;
  }

  async #try<T>(
    step: () => Promise<T>,
  ): Promise<{ readonly isDone: true; readonly value: T } | { readonly isDone: false }> {
    this.#running += 1;
    try {
      await this.#mark();
      if (await isThere(this.#dir, 'held')) return { isDone: false };
      return { isDone: true, value: await step() };
    } finally {
      this.#running -= 1;
      if (this.#running === 0) await this.#mark();
    }
  }

  /** One after the other, so that the file is there exactly while steps run. */
  #mark(): Promise<void> {
    const path = join(this.#dir, `collecting-${selfName()}`);
    this.#marking = this.#marking
      .catch(() => undefined)
      .then(async () => {
        if (this.#running === 0) await rm(path, { force: true });
        else await touch(this.#dir, path);
      });
    return this.#marking;
  }
}

/**
 * From when this resolves until it is disposed, the platform of this data folder removes and repacks nothing. `dir` is the
 * same folder that the platform's gate has. For 15 minutes at most; after that, or with the end of this process, it ends.
 */
export async function holdCollection(dir: string, signal: AbortSignal): Promise<AsyncDisposable> {
  const path = join(dir, `held-${selfName()}-${randomBytes(4).toString('hex')}`);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(path, '', { mode: 0o600 });
  const letGo = (): Promise<void> => rm(path, { force: true });
  try {
    while (await isThere(dir, 'collecting')) await delay(pollMs, undefined, { signal });
  } catch (error) {
    await letGo();
    throw error;
  }
  return { [Symbol.asyncDispose]: letGo };
}

function selfName(): string {
  const self = identify(process.pid);
  if (self === null) throw new Error('Internal: /proc is not mounted');
  return `${self.pid}-${self.startTime}`;
}

async function isThere(dir: string, what: 'held' | 'collecting'): Promise<boolean> {
  for (const name of await readdir(dir).catch(() => [])) {
    const [, kind, pid = '', startTime = ''] = /^([a-z]+)-(\d+)-(\d+)/.exec(name) ?? [];
    if (kind !== what) continue;
    const made = await stat(join(dir, name)).catch(() => null);
    if (made === null) continue;
    const isLive = isAlive({ pid: Number(pid), startTime }) && made.mtimeMs > Date.now() - maxHoldMs;
    if (isLive) return true;
    await rm(join(dir, name), { force: true });
  }
  return false;
}

/** On a full disk nobody else can do anything for which it would have to be kept away, and space has to be freed. */
async function touch(dir: string, path: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(path, '', { mode: 0o600 });
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
  }
}
