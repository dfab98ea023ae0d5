import type { User } from './layout.ts';
import { commandSteps } from './steps.ts';
import type { HostCommand, SandboxedCommand } from './types.ts';

/** A command in the sandbox of another one, of which `pid` is a process: the same walls, files and processes. */
export function wrapInSandboxOf(pid: number, command: SandboxedCommand, user: User): HostCommand {
  return {
    file: command.argv[0] ?? '',
    args: command.argv.slice(1),
    env: command.env,
    setup: ['join', String(pid), ...commandSteps(command, user, { init: false, countsOwn: true, cwd: command.cwd })],
    privatePids: true,
    hasTerminal: command.terminal !== undefined,
    uid: user.uid,
  };
}
