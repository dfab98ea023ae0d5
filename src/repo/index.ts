export { openRepos, type Repos } from './open-repos.ts';
export { digestOf, linkRepo, packRepo, readRefs, restoreRepo, type RepoRefs } from './back-up-repo.ts';
export type { ExportInput, ExportOutcome } from './export-source.ts';
export type { CommitInfo } from './read-commit.ts';
export type { GitCommand, GitService, ServeOptions } from './serve-command.ts';
