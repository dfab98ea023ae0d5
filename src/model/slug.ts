import type { AppId, CommitId, ProcessType, Sha256, SlugId } from './ids.ts';

/** Process type -> shell command, in the order they were declared. */
export type ProcessTypes = Readonly<Record<ProcessType, string>>;

/** A compiled app: a reproducible tar.gz whose entries all lie under `./app/`. */
export interface Slug {
  readonly id: SlugId;
  readonly appId: AppId;
  /** Of the tar.gz; also its address in the slug store. */
  readonly sha256: Sha256;
  /** Of the tar.gz. */
  readonly sizeBytes: number;
  /** Null for a slug that did not come from a commit. */
  readonly commit: CommitId | null;
  readonly commitDescription: string | null;
  readonly processTypes: ProcessTypes;
  readonly buildpackProvidedDescription: string | null;
  readonly stack: string;
  readonly createdAt: Date;
}
