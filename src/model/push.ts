import type { Actor } from './account.ts';
import type { App } from './app.ts';
import type { CommitId } from './ids.ts';

/** One line of pre-receive's standard input, parsed. All-zero ids are null. */
export interface RefUpdate {
  readonly ref: string;
  readonly oldCommit: CommitId | null;
  readonly newCommit: CommitId | null;
}

/** The part of a push that deploys: a commit on `main` or `master`, readable only inside git's quarantine. */
export interface Push {
  readonly app: App;
  readonly actor: Actor;
  /** The pusher's IP address. */
  readonly address: string;
  readonly ref: 'refs/heads/main' | 'refs/heads/master';
  readonly commit: CommitId;
  readonly objects: QuarantinedObjects;
  readonly pushOptions: readonly string[];
}

/** The GIT_* variables with which git finds objects that are not yet part of the repository. Source: git-receive-pack(1), QUARANTINE ENVIRONMENT. */
export interface QuarantinedObjects {
  readonly gitDir: string;
  readonly env: Readonly<Record<string, string>>;
}

export type PushOutcome =
  | { readonly status: 'accepted' }
  /** Nothing was deployed and the refs do not move. */
  | { readonly status: 'rejected' };
