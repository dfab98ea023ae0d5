import type { CommandList } from './command-list.ts';
import { usesSideband } from './command-list.ts';
import { flushPacket, packet, sideband } from './pkt-line.ts';

/**
 * The response to a push that is refused before git sees it, in git's own protocol, because a client shows no text of
 * an HTTP error at this point. Source: gitprotocol-pack(5), "Report Status".
 */
export function refusalResponse(list: CommandList, text: string, reason: string): Buffer {
  const reports = list.capabilities.has('report-status') || list.capabilities.has('report-status-v2');
  const status = [packet('unpack ok\n'), ...list.refs.map((ref) => packet(`ng ${ref} ${reason}\n`)), flushPacket];
  const report = reports ? Buffer.concat(status) : Buffer.alloc(0);
  if (!usesSideband(list)) return report;
  return Buffer.concat([sideband(2, `!\t${text}\n`), sideband(1, report), flushPacket]);
}
