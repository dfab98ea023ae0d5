import { readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { descendantsOf, readdirIfThere } from './process-tree.ts';

const listenState = '0A';
const chunkBytes = 64 * 1024;
/** The listeners of most machines; a larger read makes the kernel look for more than those. */
const firstChunkBytes = 1024;

/**
 * True if a process below `supervisor` holds a socket that listens on this TCP port, on whatever address. Looks into the
 * kernel's tables instead of connecting, so the app sees nothing of it, and another process on the port does not count.
 * To read a table through takes the kernel several milliseconds, however few sockets there are: it's done only for a tree
 * that has sockets at all, off the main thread, and ends at the one that is looked for; those that listen come first.
 * Source: proc_pid_net(5).
 */
export async function treeListensOn(supervisor: number, port: number): Promise<boolean> {
  const sockets = new Set(descendantsOf(supervisor).flatMap(socketsOf));
  if (sockets.size === 0) return false;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (await hasListener(table, port, sockets)) return true;
  }
  return false;
}

/** `socket:[<inode>]` for each. */
function socketsOf(pid: number): readonly string[] {
  return readdirIfThere(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return target.startsWith('socket:') ? [target] : [];
    } catch {
      return []; // closed meanwhile
    }
  });
}

/** Columns: slot, local address:port, remote address:port, state, queues, timer, retransmits, uid, timeout, inode. */
async function hasListener(table: string, port: number, sockets: ReadonlySet<string>): Promise<boolean> {
  const file = await open(table, 'r').catch(() => null); // a machine without IPv6
  if (file === null) return false;
  try {
    const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const chunk = Buffer.alloc(chunkBytes);
    let rest = '';
    for (let total = 0; ;) {
      const length = total < 8 * firstChunkBytes ? firstChunkBytes : chunkBytes;
      const { bytesRead } = await file.read(chunk, 0, length, null);
      if (bytesRead === 0) return false;
      total += bytesRead;
      const lines = (rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.includes(suffix)) continue;
        const columns = line.trim().split(/\s+/);
        const isHere = columns[1]?.endsWith(suffix) === true && columns[3] === listenState;
        if (isHere && sockets.has(`socket:[${columns[9] ?? ''}]`)) return true;
      }
    }
  } finally {
    await file.close();
  }
}
