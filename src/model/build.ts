import type { AccountId, AppId, BuildId, CommitId, ReleaseId, Sha256, SlugId } from './ids.ts';
import type { ProcessTypes } from './slug.ts';

/** Where the pusher's `remote:` lines go. Bytes are passed on as they are; a write never throws once the pusher is gone. */
export interface BuildOutput {
  write(chunk: string | Uint8Array): void;
}

/** A checked-out source tree in a folder of its own; disposing removes it. */
export interface SourceTree extends AsyncDisposable {
  readonly dir: string;
  readonly commit: CommitId | null;
  /** Whoever made it knows that nothing is in it that a slug never has: no `.git`, `.gitmodules` or `.DS_Store`. */
  readonly isPruned?: boolean;
}

/** A gzipped tarball of source, as a client names it. */
export interface SourceBlob {
  /** One of ours, or one to be fetched. Can hold a secret in its query: never shown, never logged. */
  readonly url: string;
  /** SHA-256 of the tarball, lower-case hex; null: not checked. */
  readonly checksum: string | null;
  /** What the client calls this source: a commit, `v1.3.0`. */
  readonly version: string | null;
  readonly versionDescription: string | null;
}

export type BuildPhase = 'source' | 'detect' | 'compile' | 'release-info' | 'pack';

/** Why a build was not begun. `bytes` and `files`: of the disk; `promised`: to builds that run; `reserved`: not for builds. */
export type SpaceShortage =
  | {
      readonly of: 'bytes' | 'files';
      readonly free: number;
      readonly reserved: number;
      readonly promised: number;
      readonly needed: number;
    }
  | { readonly of: 'quota'; readonly used: number; readonly quota: number };

/** Why a build failed: facts only; the words are made in build/failure-text.ts. */
export type BuildFailure =
  | { readonly reason: 'source-too-large'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly reason: 'source-unavailable'; readonly host: string; readonly detail: string }
  | { readonly reason: 'source-invalid'; readonly detail: string }
  /** The config var PROJECT_PATH, and the folders in the root of the app. */
  | { readonly reason: 'project-path-invalid'; readonly path: string; readonly folders: readonly string[] }
  | { readonly reason: 'submodule-failed'; readonly path: string; readonly url: string; readonly detail: string }
  | {
      readonly reason: 'no-buildpack-detected';
      readonly rootFiles: readonly string[];
      readonly triedNames: readonly string[];
    }
  | { readonly reason: 'buildpack-not-compatible'; readonly buildpack: string; readonly detail: string }
  | { readonly reason: 'buildpack-unavailable'; readonly buildpack: string; readonly detail: string }
  | {
      readonly reason: 'compile-failed';
      /** As printed by bin/detect: `Python`. */
      readonly name: string;
      readonly exitCode: number;
      /** The line of output that most likely says why, if one was found. */
      readonly cause: string | null;
    }
  | { readonly reason: 'timed-out'; readonly phase: BuildPhase; readonly limitMs: number }
  | { readonly reason: 'release-info-invalid'; readonly name: string; readonly detail: string }
  | { readonly reason: 'slug-too-large'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly reason: 'out-of-space'; readonly phase: BuildPhase; readonly detail: string }
  | {
      readonly reason: 'too-much-written';
      readonly phase: BuildPhase;
      readonly usedBytes: number;
      readonly limitBytes: number;
    }
  | { readonly reason: 'short-of-space'; readonly shortage: SpaceShortage }
  | { readonly reason: 'cancelled'; readonly detail: string };

/** What `build()` made of a source tree. */
export interface BuiltSlug {
  readonly sha256: Sha256;
  readonly sizeBytes: number;
  /** Procfile over the buildpack's defaults. */
  readonly processTypes: ProcessTypes;
  /** Display name of the last buildpack: `Python`. */
  readonly buildpackName: string;
  /** References of the buildpacks used, in order (`heroku/python`). */
  readonly buildpacks: readonly string[];
  /** Of `bin/release`; applied on the first deploy without overwriting. */
  readonly configVars: Readonly<Record<string, string>>;
}

export type BuildOutcome =
  | { readonly status: 'succeeded'; readonly slug: BuiltSlug }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

/** A build as a record. `pending` in the store after a restart means that it was interrupted. */
export interface Build {
  readonly id: BuildId;
  readonly appId: AppId;
  readonly status: 'pending' | 'succeeded' | 'failed';
  /** Of a push; null for a build from a source blob. */
  readonly commit: CommitId | null;
  /** Null for a push. Its URL is without the query, which can be a secret. */
  readonly source: SourceBlob | null;
  readonly userId: AccountId;
  readonly userEmail: string;
  readonly buildpacks: readonly string[];
  readonly slugId: SlugId | null;
  readonly releaseId: ReleaseId | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
