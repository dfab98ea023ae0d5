import { rm } from 'node:fs/promises';
import { download, DownloadError } from '../lib/download.ts';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import { removeTree } from '../lib/remove-tree.ts';
import { sha256Of } from '../lib/sha256-of.ts';
import type { PathSigner } from '../lib/signed-path.ts';
import { TarFault } from '../lib/tar-check.ts';
import type { BuildFailure, SourceBlob, SourceTree } from '../model/build.ts';
import type { SourceStore } from './source-store.ts';
import { unpackSource } from './unpack-source.ts';

export interface SourceInput {
  readonly blob: SourceBlob;
  /** Does not exist yet; its parent does. Absolute. */
  readonly dir: string;
  /** Of the tarball, and of its files together. */
  readonly maxBytes: number;
  readonly uid: number;
  readonly sources: SourceStore;
  readonly signer: PathSigner;
  /** Origins inside private networks that the operator allows. */
  readonly privateOrigins: readonly string[];
  /** To fetch and unpack it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type SourceOutcome =
  | { readonly status: 'exported'; readonly source: SourceTree }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

/**
 * The files of a source blob in `dir`. A URL that we signed ourselves is read from the disk, whatever host it names: no
 * request is ever made to this platform. After a failure there is nothing left.
 */
export async function openSource(input: SourceInput): Promise<SourceOutcome> {
  const { dir, maxBytes, uid } = input;
  const downloaded = `${dir}.tgz`;
  const signal = AbortSignal.any([input.signal, AbortSignal.timeout(input.timeoutMs)]);
  try {
    const file = await findTarball({ ...input, signal }, downloaded);
    const root = await unpackSource(file, dir, { uid, maxBytes, signal });
    return { status: 'exported', source: { dir: root, commit: null, [Symbol.asyncDispose]: () => removeTree(dir) } };
  } catch (error) {
    await removeTree(dir);
    return { status: 'failed', failure: failureOf(error, input, signal) };
  } finally {
    await rm(downloaded, { force: true });
  }
}

async function findTarball(input: SourceInput, downloaded: string): Promise<string> {
  const { blob, sources, signer, maxBytes, privateOrigins, signal } = input;
  const url = new URL(blob.url);
  const id = /^\/sources\/([0-9a-f-]{36})\.tgz$/.exec(url.pathname)?.[1];
  const permission = id === undefined ? 'forged' : signer.check('GET', `${url.pathname}${url.search}`);
  if (id === undefined || permission === 'forged') {
    const { sha256 } = await download(url, { file: downloaded, maxBytes, privateOrigins, signal });
    checkSum(blob, sha256);
    return downloaded;
  }
  // A copy: the source may be uploaded again, or go, while it is read.
  if (permission === 'expired' || !(await sources.copy(id, downloaded))) {
    const why = permission === 'expired' ? 'its URL has expired' : 'nothing was uploaded to it, or that was a day ago';
    throw new DownloadError(`${why}. Upload the source again`);
  }
  if (blob.checksum !== null) checkSum(blob, await sha256Of(downloaded, signal));
  return downloaded;
}

class WrongChecksum extends Error {}

function checkSum({ checksum }: SourceBlob, actual: string): void {
  if (checksum === null || checksum === actual) return;
  throw new WrongChecksum(`its checksum is SHA256:${actual}, the request says SHA256:${checksum}`);
}

/** Throws on what is nobody's fault but ours. */
function failureOf(error: unknown, { blob, maxBytes, timeoutMs }: SourceInput, signal: AbortSignal): BuildFailure {
  if (isOutOfSpace(error)) return { reason: 'out-of-space', phase: 'source', detail: 'No space left on device' };
  if (error instanceof TarFault && error.sizeBytes !== null) {
    return { reason: 'source-too-large', sizeBytes: error.sizeBytes, maxBytes };
  }
  if (error instanceof TarFault || error instanceof WrongChecksum) {
    return { reason: 'source-invalid', detail: error.message };
  }
  if (error instanceof DownloadError) {
    return { reason: 'source-unavailable', host: new URL(blob.url).host, detail: error.message };
  }
  if (!signal.aborted) throw error;
  const reason: unknown = signal.reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return { reason: 'timed-out', phase: 'source', limitMs: timeoutMs };
  }
  const isPlain = !(reason instanceof Error) || reason.name === 'AbortError';
  return { reason: 'cancelled', detail: isPlain ? 'while the source was fetched' : reason.message };
}
