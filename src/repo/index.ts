export { openRepos, type Repos } from './open-repos.ts';
export { digestOf, linkRepo, packRepo, readRefs, restoreRepo, type RepoRefs } from './back-up-repo.ts';
export type { ExportInput, ExportOutcome } from './export-source.ts';
export { fetchTree, findRemoteCommit, type RemoteTreeInput } from './fetch-tree.ts';
export type { FetchGuard } from './fetch-guard.ts';
export type { CommitInfo } from './read-commit.ts';
export type { GitCommand, GitService, ServeOptions } from './serve-command.ts';
