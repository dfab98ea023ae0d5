import { createReadStream, createWriteStream } from 'node:fs';
import { link, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { freeSpace } from '../lib/free-space.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { exists } from '../lib/exists.ts';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import { keyFingerprint } from '../lib/key-fingerprint.ts';
import { syncFolder } from '../lib/sync-folder.ts';
import type { StoreOptions } from '../store/index.ts';
import type { DataPaths } from './data-paths.ts';
import { readBackup } from './read-backup.ts';
import { stage, type Stage } from './stage.ts';
import { findLeft, openStaging, ownName } from './staging-folder.ts';
import { writeBackup, type Written } from './write-backup.ts';

export interface BackUpInput {
  readonly data: DataPaths;
  readonly store: StoreOptions;
  /** Version of this `hokku`. */
  readonly hokku: string;
  /** App logs and the output of builds too. */
  readonly withLogs: boolean;
  /** To be put into the backup; null: it is kept apart. */
  readonly secretKey: Uint8Array | null;
  /** A path where nothing is yet; or a stream, whose copy nobody verifies. */
  readonly target: string | Writable;
  readonly signal: AbortSignal;
}

export interface BackUpReport {
  readonly sizeBytes: number;
  readonly apps: number;
  readonly slugs: number;
  /** Null: the platform was never started. */
  readonly keyFingerprint: string | null;
  /** Until the platform could do what it liked again without being seen. */
  readonly stagedMs: number;
  readonly warnings: readonly string[];
}

const temporaryPrefix = '.hokku-backup-';

/**
 * Writes a backup of a platform, running or not. A file is there whole, read once more and compared, or not at all. Throws
 * `conflict` when the file exists, `unavailable` when there is too little space for it.
 */
export async function backUp(input: BackUpInput): Promise<BackUpReport> {
  const { target } = input;
  if (typeof target === 'string' && (await exists(target)))
    throw new PlatformError('conflict', `${target} exists, and a backup never overwrites anything. Give another name.`);
  if (typeof target === 'string' && !(await exists(dirname(target))))
    throw new PlatformError('not_found', `${dirname(target)} does not exist. Make it, or write the backup elsewhere.`);
  try {
    await using staging = await openStaging(input.data.root);
    const startedAt = performance.now();
    const staged = await stage({ ...input, dir: staging.path });
    const stagedMs = Math.round(performance.now() - startedAt);
    requireFittingKey(staged, input.secretKey);
    await requireSpace(staged, input);
    const write = (to: Writable): Promise<Written> => writeBackup({ ...input, stage: staged, dir: staging.path }, to);
    const written = typeof target === 'string' ? await writeFile(target, write, input.signal) : await write(target);
    return {
      sizeBytes: written.sizeBytes,
      apps: staged.repos.length,
      slugs: staged.slugs - written.warnings.length,
      keyFingerprint: staged.keyFingerprint,
      stagedMs,
      warnings: [...staged.warnings, ...written.warnings],
    };
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    const message = `The disk is full, so there is no backup. Free some space, or write it elsewhere: ${elsewhere}`;
    throw new PlatformError('unavailable', message, { cause: error });
  }
}

const elsewhere = 'hokku backup - | ssh other-machine "cat > backup.tar"';

async function writeFile(
  target: string,
  write: (to: Writable) => Promise<Written>,
  signal: AbortSignal,
): Promise<Written> {
  const dir = dirname(target);
  for (const path of await findLeft(dir, temporaryPrefix)) await rm(path, { force: true });
  const temporary = join(dir, ownName(temporaryPrefix));
  try {
    const stream = createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true });
    const written = await write(stream).finally(() => closed(stream));
    signal.throwIfAborted();
    await verify(temporary);
    // A link and no rename: the name may have been given to something else meanwhile.
    await link(temporary, target);
    await rm(temporary);
    await syncFolder(dir);
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Reads what was written once more: a backup that can't be restored is none. */
async function verify(path: string): Promise<void> {
  const drain = async (content: AsyncIterable<Buffer>): Promise<void> => {
    for await (const _ of content);
  };
  await readBackup(createReadStream(path, { highWaterMark: 1024 * 1024 }), {
    onHeader: () => Promise.resolve(),
    onMember: (_name, content) => drain(content),
  });
}

function closed(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.closed) {
      resolve();
      return;
    }
    stream.once('error', reject);
    stream.once('close', resolve);
    stream.end();
  });
}

function requireFittingKey({ keyFingerprint: expected }: Stage, secretKey: Uint8Array | null): void {
  if (secretKey === null || expected === null) return;
  const given = keyFingerprint(secretKey);
  if (given === expected) return;
  throw new PlatformError(
    'invalid_params',
    `The secret key here has the fingerprint ${given}, and the platform's data is sealed with the one of ${expected}. Set HOKKU_SECRET_KEY as for the server, or leave the key out of the backup.`,
  );
}

async function requireSpace(staged: Stage, { target, data }: BackUpInput): Promise<void> {
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  const onePack = Math.max(0, ...staged.repos.map(({ size }) => size));
  const files = staged.files.map(({ size }) => size + 1024);
  const whole = Math.ceil(1.02 * (sum(files) + sum(staged.repos.map(({ size }) => size + 2048)))) + 1024 ** 2;
  if (typeof target !== 'string') {
    await requireFree(data.root, onePack);
    return;
  }
  const dir = dirname(target);
  const [there, here] = await Promise.all([stat(dir), stat(data.root)]);
  await requireFree(dir, there.dev === here.dev ? whole + onePack : whole);
  if (there.dev !== here.dev) await requireFree(data.root, onePack);
}

async function requireFree(dir: string, bytes: number): Promise<void> {
  const { freeBytes: free } = await freeSpace(dir);
  if (free >= bytes) return;
  const mb = (size: number): string => `${Math.ceil(size / 1e6)} MB`;
  throw new PlatformError(
    'unavailable',
    `The backup needs ${mb(bytes)} in ${dir}, where ${mb(free)} are free. Free some space, or write it elsewhere: ${elsewhere}`,
  );
}
