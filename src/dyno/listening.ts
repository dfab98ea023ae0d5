import { readlinkSync } from 'node:fs';
import { descendantsOf, readdirIfThere, readIfThere } from './process-tree.ts';

const listenState = '0A';

/**
 * True if a process below `supervisor` holds a socket that listens on this TCP port, on whatever address. Looks into the
 * kernel's tables instead of connecting, so the app sees nothing of it, and another process on the port does not count.
 * Source: proc_pid_net(5).
 */
export function treeListensOn(supervisor: number, port: number): boolean {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return false;
  return descendantsOf(supervisor).some((pid) => holdsOneOf(pid, inodes));
}

/** Columns: slot, local address:port, remote address:port, state, queues, timer, retransmits, uid, timeout, inode. */
function listeningInodes(port: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (readIfThere(table) ?? '').split('\n')) {
      if (!line.includes(suffix)) continue;
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(suffix) === true && columns[3] === listenState)
        inodes.add(`socket:[${columns[9] ?? ''}]`);
    }
  }
  return inodes;
}

function holdsOneOf(pid: number, inodes: ReadonlySet<string>): boolean {
  return readdirIfThere(`/proc/${pid}/fd`).some((fd) => {
    try {
      return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return false; // closed meanwhile
    }
  });
}
