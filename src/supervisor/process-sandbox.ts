import { appSource, type User } from './layout.ts';
import { commandSteps } from './steps.ts';
import type { HostCommand, SandboxedCommand } from './types.ts';

/** No walls: the app lies where it lies on the host, so a leading `/app` of the cwd and of `HOME` is that folder. */
export function wrapAsProcess(command: SandboxedCommand, user: User): HostCommand {
  const folder = appSource(command);
  const home = command.env['HOME'];
  return {
    file: command.argv[0] ?? '',
    args: command.argv.slice(1),
    env: {
      ...command.env,
      ...(home === undefined ? {} : { HOME: onHost(home, folder) }),
    },
    setup: [
      // Without a mount namespace an overlay would stay behind on the host.
      ...(command.app.kind === 'overlay' ? ['copy', command.app.lower, command.app.upper] : []),
      ...commandSteps(command, user, {
        init: false,
        countsOwn: process.getuid?.() === 0,
        cwd: onHost(command.cwd, folder),
      }),
    ],
    hasTerminal: command.terminal !== undefined,
    uid: user.uid,
  };
}

function onHost(path: string, folder: string): string {
  return path === '/app' || path.startsWith('/app/') ? folder + path.slice('/app'.length) : path;
}
