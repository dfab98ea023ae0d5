import type { NetworkLink } from '../model/network.ts';
import type { User } from './layout.ts';
import type { AppFolder, SandboxedCommand } from './types.ts';

/**
 * The last steps of every rung: limits, working folder, user, and the process that reaps. `countsOwn`: the kernel, which
 * counts processes per user and user namespace, counts the app's alone; else a limit would count all that this user runs.
 */
export function commandSteps(
  command: SandboxedCommand,
  user: User,
  last: { readonly init: boolean; readonly countsOwn: boolean; readonly cwd: string },
): readonly string[] {
  const { openFiles, processes, fileBytes } = command.limits ?? {};
  return [
    ...(openFiles === undefined ? [] : ['open-files', String(openFiles)]),
    ...(fileBytes === undefined ? [] : ['file-size', String(fileBytes)]),
    ...(processes === undefined || !last.countsOwn ? [] : ['processes', String(processes)]),
    ...['cwd', last.cwd],
    ...['user', String(process.getuid?.() === 0 ? user.uid : 0)],
    ...(last.init ? ['init'] : []),
    ...terminalStep(command),
  ];
}

function terminalStep({ terminal }: SandboxedCommand): readonly string[] {
  return terminal === undefined ? [] : ['terminal', String(terminal.columns), String(terminal.rows)];
}

/** Before the sandbox is made, which makes no network namespace and so stays in this one. */
export function networkSteps({ ip, outside, inside, nft, filter }: NetworkLink): readonly string[] {
  return ['network', ip, outside, inside, nft, filter];
}

/** The first step in the command's own mount namespace. */
export function diskSteps({ disk }: SandboxedCommand, user: User): readonly string[] {
  return disk === undefined ? [] : ['disk', disk.image, disk.dir, String(user.uid)];
}

/** Mounts the overlay over `upper`; where the kernel or the file system refuses, the same place gets a copy. */
export function overlaySteps(app: Extract<AppFolder, { kind: 'overlay' }>): readonly string[] {
  return ['overlay', app.lower, app.upper, app.work];
}
