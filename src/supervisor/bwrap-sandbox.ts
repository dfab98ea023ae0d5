import { dirname } from 'node:path';
import { encodeWords } from './job.ts';
import { layoutOf, type HostFiles, type LayoutEntry, type User } from './layout.ts';
import { commandSteps, diskSteps, overlaySteps } from './steps.ts';
import type { HostCommand, SandboxedCommand } from './types.ts';

// Descriptors as sandbox-steps.h hands them on: 3 our own program, 4 the status, then the inputs in order.
const optionsFd = 5;
const stepsFd = 6;
const firstTextFd = 7;

/**
 * bubblewrap builds the file system and the namespaces, then starts our own program as the first process inside. As root
 * it gets no user namespace: the set-up needs root's view of the host's folders, and our program becomes the app's user
 * inside. (With one, bubblewrap would map the user inside to the host's root.) Its options come by descriptor and its
 * environment is empty, because both can be read inside, and because `LD_PRELOAD` is a config var like any other.
 */
export function wrapInBwrap(bwrap: string, command: SandboxedCommand, host: HostFiles, user: User): HostCommand {
  const layout = layoutOf(command, host, user);
  const texts = layout.filter((entry) => entry.kind === 'text');
  const asRoot = process.getuid?.() === 0;
  const options = [
    ...['--die-with-parent', '--as-pid-1', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--hostname', command.hostname],
    ...(asRoot ? [] : ['--unshare-user', '--uid', String(user.uid), '--gid', String(user.gid)]),
    ...parentsOf(layout).flatMap((dir) => ['--perms', '0755', '--dir', dir]),
    ...layout.flatMap((entry) => bwrapOptions(entry, firstTextFd + texts.findIndex((text) => text === entry))),
    ...['--remount-ro', '/'],
  ];
  const steps = commandSteps(command, user, { init: true, countsOwn: true, cwd: command.cwd });
  const env = Object.entries(command.env).flatMap(([name, value]) => ['env', `${name}=${value}`]);
  return {
    file: bwrap,
    args: ['--args', String(optionsFd), '--', '/proc/self/fd/3', 'enter', String(stepsFd)],
    env: {},
    setup:
      command.app.kind === 'overlay'
        ? ['mount-namespace', ...diskSteps(command, user), ...overlaySteps(command.app)]
        : [],
    inputs: [
      encodeWords(options),
      encodeWords([...steps, ...env, 'exec', ...command.argv]),
      ...texts.map(({ text }) => Buffer.from(text)),
    ],
    privatePids: true,
    hasTerminal: command.terminal !== undefined,
    uid: user.uid,
  };
}

/** bubblewrap itself would make the folders above a target for its own user only, which is root. */
function parentsOf(layout: readonly LayoutEntry[]): readonly string[] {
  const targets = layout.flatMap((entry) => ('target' in entry ? [entry.target] : []));
  const parents = new Set<string>();
  for (const target of targets) {
    const above: string[] = [];
    for (let dir = dirname(target); dir !== '/'; dir = dirname(dir)) above.unshift(dir);
    // What lies below another target gets its folders from there.
    if (!above.some((dir) => targets.includes(dir))) above.forEach((dir) => parents.add(dir));
  }
  return [...parents];
}

function bwrapOptions(entry: LayoutEntry, textFd: number): readonly string[] {
  switch (entry.kind) {
    case 'bind':
      return [entry.writable ? '--bind' : '--ro-bind', entry.source, entry.target];
    case 'link':
      return ['--symlink', entry.to, entry.target];
    case 'text':
      return ['--perms', '0644', '--ro-bind-data', String(textFd), entry.target];
    case 'tmpfs':
      return ['--perms', entry.mode, '--tmpfs', entry.target];
    case 'proc':
      return ['--proc', '/proc'];
    case 'devices':
      // Its own /dev/shm belongs to whoever set it up.
      return ['--dev', '/dev', '--perms', '1777', '--tmpfs', '/dev/shm'];
  }
}
