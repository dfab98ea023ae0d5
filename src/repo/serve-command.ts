import { asArguments, fsckConfig, quietConfig } from './git-config.ts';
import { gitEnvironment } from './git.ts';

export type GitService = 'receive-pack' | 'upload-pack';

export interface ServeOptions {
  readonly service: GitService;
  /** Print the refs and end, instead of reading a request. */
  readonly advertise: boolean;
  /** Wire protocol that the client asked for. */
  readonly protocol: 0 | 1 | 2;
  /** Packs above this are refused by git itself. Receive-pack only. */
  readonly maxPackBytes: number;
}

/** A git to be started with its streams wired by the caller. Its environment is complete. */
export interface GitCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The git process that answers one request of the smart HTTP protocol. Settings are on its command line, not in the
 * repository, so that an update of the platform changes them for old repositories too.
 * Packs are kept as packs (`unpackLimit`): loose objects are three times slower on 2,000 files.
 */
export function serveCommand(gitDir: string, hooksDir: string, options: ServeOptions): GitCommand {
  const env = gitEnvironment(options.protocol === 0 ? {} : { GIT_PROTOCOL: `version=${options.protocol}` });
  const mode = ['--stateless-rpc', ...(options.advertise ? ['--advertise-refs'] : [])];
  if (options.service === 'upload-pack') {
    const config = asArguments([['core.hooksPath', hooksDir]]);
    return { args: [...config, ...quietConfig, 'upload-pack', '--strict', '--timeout=60', ...mode, gitDir], env };
  }
  const config = asArguments([
    ['core.hooksPath', hooksDir],
    ['receive.advertisePushOptions', 'true'],
    ['receive.unpackLimit', '1'],
    ['receive.maxInputSize', String(options.maxPackBytes)],
    ['receive.keepAlive', '5'],
    ['receive.denyDeleteCurrent', 'ignore'],
    ['receive.denyNonFastForwards', 'false'],
    ['receive.denyDeletes', 'false'],
    // While a push is checked, the repository itself is the only alternate: its refs are known without another git.
    ['core.alternateRefsCommand', 'true'],
  ]);
  return { args: [...config, ...quietConfig, ...fsckConfig('receive'), 'receive-pack', ...mode, gitDir], env };
}
