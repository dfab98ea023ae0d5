import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { BuildpackFetcher } from '../buildpack/index.ts';
import { download, DownloadError } from '../lib/download.ts';
import { TarFault } from '../lib/tar-check.ts';
import type { CommitId } from '../model/ids.ts';
import { fetchTree, findRemoteCommit, type FetchGuard, type RemoteTreeInput } from '../repo/index.ts';
import { unpackSource } from '../source/index.ts';

/** The largest official one has 30 MB with its history; most have less than one. */
const maxBytes = 200 * 1024 * 1024;
const timeoutMs = 2 * 60_000;
/** `nobody`: no app runs as this user. */
const ownerUid = 65_534;

export interface BuildpackFetcherOptions {
  /** For repositories and archives under way. */
  readonly workDir: string;
  /** Proxy and CA variables. */
  readonly fetchEnv: Readonly<Record<string, string>>;
  readonly guard: FetchGuard;
}

/** Fetches buildpacks as sources are: https and public addresses, and what the operator opens with HOKKU_PRIVATE_SOURCES. */
export function openBuildpackFetcher(options: BuildpackFetcherOptions): BuildpackFetcher {
  const remote = (url: string, ref: string | null, signal: AbortSignal): RemoteTreeInput => ({
    ...options,
    ...{ url, ref, maxBytes, timeoutMs, signal },
  });
  return {
    findCommit: (url, ref, signal) => findRemoteCommit(remote(url, ref, signal)),
    fetchCommit: (url, commit, dir, signal) => fetchTree(remote(url, null, signal), commit as CommitId, dir),
    fetchArchive: async (url, dir, signal) => {
      const file = join(options.workDir, `archive-${randomBytes(6).toString('hex')}`);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const { privateOrigins } = options.guard;
        const { sha256 } = await download(new URL(url), { file, maxBytes, privateOrigins, signal: limit });
        const root = await unpackSource(file, dir, { uid: ownerUid, maxBytes, signal: limit });
        return { status: 'fetched', sha256, root };
      } catch (error) {
        if (error instanceof TarFault) return { status: 'failed', detail: error.message, isAnswer: true };
        if (error instanceof DownloadError) return { status: 'failed', detail: error.message, isAnswer: false };
        if (!limit.aborted) throw error;
        return { status: 'failed', detail: `it took longer than ${timeoutMs / 60_000} minutes`, isAnswer: false };
      } finally {
        await rm(file, { force: true });
      }
    },
  };
}
