import type { ScriptsLeft } from '../build/index.ts';
import type { TerminalSize } from '../model/dyno.ts';
import type { SandboxedCommand } from '../supervisor/index.ts';
import { exportFiles } from './read-left.ts';

// As bin/compile had it: its folders by their names, and what earlier buildpacks exported.
const program = 'for hokku_export in /dev/null "$@"; do . "$hokku_export"; done; unset hokku_export; exec /bin/bash';

/** A shell in the build folder, with all that the scripts saw. */
export async function shellCommand(
  { space, buildpacks }: ScriptsLeft,
  terminal: TerminalSize | null,
): Promise<SandboxedCommand> {
  const { buildDir, cacheDir, envDir } = space;
  return {
    argv: ['/bin/bash', '-c', program, 'bash', ...(await exportFiles(space, buildpacks.slice(0, -1)))],
    env: {
      ...space.env,
      ...{ BUILD_DIR: buildDir, CACHE_DIR: cacheDir, ENV_DIR: envDir },
      ...(terminal === null ? {} : { TERM: 'xterm-256color' }),
    },
    cwd: buildDir,
    uid: space.uid,
    app: { kind: 'bind', dir: space.homeDir },
    tmpDir: space.tmpDir,
    mounts: [],
    hostname: space.hostname,
    ...(terminal === null ? {} : { terminal }),
  };
}
