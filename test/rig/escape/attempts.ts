import type { SandboxRung } from '../../../src/supervisor/index.ts';

export type Answer = 'denied' | 'done';

/** What escape.c tries, and how it ends. `user`: on the `process` rung of an ordinary user. */
export interface Attempt {
  readonly name: string;
  readonly text: string;
  /** Behind walls and in a network of its own. */
  readonly network: Answer;
  /** Behind walls, on the machine's network. */
  readonly walls: Answer;
  readonly process: Answer;
  readonly user: Answer;
}

const always = { network: 'denied', walls: 'denied', process: 'denied', user: 'denied' } as const;

/** But for a network of its own. */
const open = { network: 'denied', walls: 'done', process: 'done', user: 'done' } as const;

export const attempts: readonly Attempt[] = [
  { name: 'secret', text: 'read a secret of the platform', ...always, user: 'done' },
  { name: 'environ', text: 'read the environment of a process of the platform', ...always, user: 'done' },
  { name: 'processes', text: 'see the processes of the machine', ...always, process: 'done', user: 'done' },
  { name: 'signal', text: 'signal a process of the platform', ...always, user: 'done' },
  { name: 'trace', text: 'trace the first process', ...always },
  { name: 'usr', text: 'write among the programs of the machine', ...always },
  { name: 'root', text: 'become root', ...always },
  { name: 'capabilities', text: 'have a capability', ...always },
  { name: 'new-privileges', text: 'gain rights from a setuid program', ...always },
  { name: 'chroot', text: 'change the root folder', ...always },
  { name: 'device', text: 'make a block device', ...always },
  { name: 'raw-socket', text: 'open a raw socket', ...always },
  { name: 'unshare', text: 'make a user namespace by unshare', ...always },
  { name: 'clone', text: 'make a user namespace by clone', ...always },
  { name: 'clone3', text: 'make a user namespace by clone3', ...always },
  { name: 'mount', text: 'mount a file system', ...always },
  { name: 'fsopen', text: 'mount a file system by the newer calls', ...always },
  { name: 'setns', text: 'enter another namespace', ...always },
  { name: 'keyring', text: 'use the keyrings of the kernel', ...always },
  { name: 'keyring-32', text: 'use the keyrings by the calls of 32 bits', ...always },
  { name: 'bpf', text: 'load a program into the kernel', ...always },
  { name: 'perf', text: 'watch the machine by perf events', ...always },
  { name: 'userfaultfd', text: 'handle page faults of the kernel', ...always },
  { name: 'io-uring', text: 'use io_uring', ...always },
  { name: 'handle', text: 'open a file by its handle', ...always },
  { name: 'module', text: 'load a kernel module', ...always },
  { name: 'loopback', text: 'reach a service on the machine’s loopback', ...open },
  { name: 'machine', text: 'reach a service on another address of the machine', ...open },
  { name: 'neighbour', text: 'reach the port of another dyno', ...open },
  { name: 'socket', text: 'reach the control socket of the platform', ...always, user: 'done' },
  { name: 'file', text: 'read a file of another app, its path known', ...always, process: 'done', user: 'done' },
  { name: 'neighbour-environ', text: 'read the environment of another app', ...always, user: 'done' },
  { name: 'daemon', text: 'live on as a daemon after the end', ...always },
];

export function expectedAnswer(attempt: Attempt, rung: SandboxRung, hasNetwork: boolean): Answer {
  if (rung !== 'process') return hasNetwork ? attempt.network : attempt.walls;
  return process.getuid?.() === 0 ? attempt.process : attempt.user;
}

/** The rows of docs/isolation.md, with single blanks. */
export function tableRows(): readonly string[] {
  return attempts.map(
    ({ text, network, walls, process: root, user }) => `| ${text} | ${network} | ${walls} | ${root} | ${user} |`,
  );
}
