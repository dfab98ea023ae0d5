import { layoutOf, type HostFiles, type LayoutEntry, type User } from './layout.ts';
import { commandSteps, diskSteps, overlaySteps } from './steps.ts';
import type { HostCommand, SandboxedCommand } from './types.ts';

/** The same view as `bwrap` gives, made by the supervisor's own child: nothing needs to be installed, and it is faster. */
export function wrapInNamespaces(command: SandboxedCommand, host: HostFiles, user: User): HostCommand {
  return {
    file: command.argv[0] ?? '',
    args: command.argv.slice(1),
    env: command.env,
    setup: [
      'namespaces',
      ...diskSteps(command, user),
      ...(command.app.kind === 'overlay' ? overlaySteps(command.app) : []),
      ...['hostname', command.hostname],
      'begin-root',
      ...layoutOf(command, host, user).flatMap(layoutSteps),
      'end-root',
      ...commandSteps(command, user, { init: true, countsOwn: true, cwd: command.cwd }),
    ],
    privatePids: true,
    hasTerminal: command.terminal !== undefined,
    uid: user.uid,
  };
}

function layoutSteps(entry: LayoutEntry): readonly string[] {
  switch (entry.kind) {
    case 'bind':
      return [entry.writable ? 'bind-rw' : 'bind-ro', entry.source, entry.target];
    case 'link':
      return ['link', entry.to, entry.target];
    case 'text':
      return ['text', entry.target, entry.text];
    case 'tmpfs':
      return ['tmpfs', entry.target, `mode=${entry.mode}`];
    case 'proc':
    case 'devices':
      return [entry.kind];
  }
}
