export { openRepos, type Repos } from './open-repos.ts';
export type { ExportInput, ExportOutcome } from './export-source.ts';
export type { CommitInfo } from './read-commit.ts';
export type { GitCommand, GitService, ServeOptions } from './serve-command.ts';
