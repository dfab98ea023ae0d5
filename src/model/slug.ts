import type { AppId, ProcessType, Sha256, SlugId } from './ids.ts';

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
  /** A commit, or whatever its maker calls its version; null: neither. */
  readonly commit: string | null;
  readonly commitDescription: string | null;
  readonly processTypes: ProcessTypes;
  readonly buildpackProvidedDescription: string | null;
  readonly stack: string;
  readonly createdAt: Date;
}

/** A slug whose tarball a client has announced and not uploaded yet. It becomes the slug with the same id. */
export type SlugDraft = Omit<Slug, 'sha256' | 'sizeBytes'> & {
  /** SHA-256 that the upload must have, lower-case hex; null: any. */
  readonly checksum: string | null;
};
