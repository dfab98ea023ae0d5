import { readEnvironment, type Environment } from '../../config/index.ts';
import type { Terminal } from '../terminal.ts';
import { ApiClient } from './api-client.ts';
import { GitRepository } from './git-remotes.ts';
import { inferApp, type AppOptions } from './infer-app.ts';
import { Output } from './output.ts';
import { paintFor } from './paint.ts';
import { findTarget } from './target.ts';

/** What a command of the client works with. */
export interface ClientContext {
  readonly api: ApiClient;
  readonly git: GitRepository;
  readonly env: Environment;
  readonly output: Output;
  /** `--app`, HEROKU_APP or the git remote. */
  app(options: AppOptions): Promise<string>;
}

export function openOutput(terminal: Terminal, env: Environment): Output {
  const { stdout } = process;
  const depth = stdout.isTTY ? stdout.getColorDepth() : 1;
  return new Output(terminal, paintFor({ isTerminal: stdout.isTTY, depth, env }));
}

export async function openContext(terminal: Terminal): Promise<ClientContext> {
  const env = readEnvironment();
  const output = openOutput(terminal, env);
  const target = await findTarget(env);
  const api = new ApiClient(target, (message) => {
    output.warn(message);
  });
  const git = new GitRepository(env);
  return { api, git, env, output, app: (options) => inferApp(options, env, git, target.url) };
}
