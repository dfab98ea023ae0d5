import { existsSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ListeningPlace } from '../model/dyno.ts';
import { readdirIfThere } from '../lib/read-if-there.ts';
import { descendantsOf } from './process-tree.ts';

const listenState = '0A';
const chunkBytes = 64 * 1024;
/** The listeners of most machines; a larger read makes the kernel look for more than those. */
const firstChunkBytes = 1024;

/** `loopback`: it can be reached from where it is only. */
export type Listener = 'open' | 'loopback';

/**
 * How a process below `supervisor` listens on this TCP port; null: none does. Looks into the
 * kernel's tables instead of connecting, so the app sees nothing of it, and another process on the port does not count.
 * To read a table through takes the kernel several milliseconds, however few sockets there are: it's done only for a tree
 * that has sockets at all, off the main thread, and ends at the one that is looked for; those that listen come first.
 * The tables are those of the network that the tree is in. Source: proc_pid_net(5).
 */
export async function findListener(supervisor: number, port: number): Promise<Listener | null> {
  const { tables, sockets } = tablesOf(supervisor);
  const found = new Set<Listener>();
  for (const table of tables) {
    if (found.has('open')) break;
    for (const { isLoopback } of await placesIn(table, sockets, port)) found.add(isLoopback ? 'loopback' : 'open');
  }
  return found.has('open') ? 'open' : found.has('loopback') ? 'loopback' : null;
}

/** Every port that a process below `supervisor` listens on. Reads the tables through. */
export async function findListeningPlaces(supervisor: number): Promise<readonly ListeningPlace[]> {
  const { tables, sockets } = tablesOf(supervisor);
  const found: ListeningPlace[] = [];
  for (const table of tables) found.push(...(await placesIn(table, sockets, null)));
  return found;
}

/** The tables of the network that the tree is in, and its sockets. */
function tablesOf(supervisor: number): { tables: readonly string[]; sockets: ReadonlySet<string> } {
  const holders = descendantsOf(supervisor)
    .map((pid) => ({ pid, sockets: socketsOf(pid) }))
    .filter(({ sockets }) => sockets.length > 0);
  const sockets = new Set(holders.flatMap((holder) => holder.sockets));
  // All of them are in one network, so that of any who has not ended meanwhile will do; the youngest come last.
  const witness = holders.findLast(({ pid }) => existsSync(`/proc/${pid}/net`));
  const tables = witness === undefined ? [] : ['tcp', 'tcp6'].map((name) => `/proc/${witness.pid}/net/${name}`);
  return { tables, sockets };
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

/**
 * Columns: slot, local address:port, remote address:port, state, queues, timer, retransmits, uid, timeout, inode.
 * With a port, only that one is looked for, until it is found open.
 */
async function placesIn(
  table: string,
  sockets: ReadonlySet<string>,
  port: number | null,
): Promise<readonly ListeningPlace[]> {
  const file = await open(table, 'r').catch(() => null); // a machine without IPv6
  if (file === null) return [];
  const found: ListeningPlace[] = [];
  try {
    const suffix = port === null ? '' : `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const chunk = Buffer.alloc(chunkBytes);
    let rest = '';
    for (let total = 0; ;) {
      const length = total < 8 * firstChunkBytes ? firstChunkBytes : chunkBytes;
      const { bytesRead } = await file.read(chunk, 0, length, null);
      if (bytesRead === 0) return found;
      total += bytesRead;
      const lines = (rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.includes(suffix)) continue;
        const columns = line.trim().split(/\s+/);
        const place = columns[1] ?? '';
        const isHere = place.endsWith(suffix) && columns[3] === listenState;
        if (!isHere || !sockets.has(`socket:[${columns[9] ?? ''}]`)) continue;
        found.push({ port: Number.parseInt(place.slice(-4), 16), isLoopback: isLoopback(place) });
        if (port !== null && !isLoopback(place)) return found;
      }
    }
  } finally {
    await file.close();
  }
}

/** The address is in hexadecimal, each four bytes of it in the order of the machine, the last of which IPv4 is. */
function isLoopback(place: string): boolean {
  const address = place.slice(0, place.indexOf(':'));
  const isMapped = address.length === 32 && address.startsWith('0000000000000000FFFF0000');
  if (address.length === 8 || isMapped) return address.slice(-8).endsWith('7F');
  return address === '00000000000000000000000001000000';
}
