import { spawn } from '../lib/spawn.ts';
import type { AppId } from '../model/ids.ts';
import type { GitService, Repos } from '../repo/index.ts';
import { flushPacket, packet } from './pkt-line.ts';

/** The body of `GET info/refs`. Source: gitprotocol-http(5), "Smart Clients". */
export async function advertiseRefs(
  repos: Repos,
  appId: AppId,
  service: GitService,
  protocol: 0 | 1 | 2,
): Promise<Buffer> {
  await repos.create(appId);
  const { args, env } = repos.serve(appId, { service, advertise: true, protocol, maxPackBytes: 0 });
  const { exitCode, stdout, stderr } = await spawn('git', args, { env, timeoutMs: 60_000 });
  if (exitCode !== 0) throw new Error(`git ${service} exited with ${exitCode}: ${stderr.slice(-2000)}`);
  // Version 2 starts with its capabilities; git's own http-backend does the same.
  if (protocol === 2) return stdout;
  return Buffer.concat([packet(`# service=git-${service}\n`), flushPacket, stdout]);
}

/** Only `version=1` and `version=2` mean something; pushing has no version 2, so there it is 0. */
export function protocolOf(header: string | string[] | undefined, service: GitService): 0 | 1 | 2 {
  const parts = typeof header === 'string' && header.length <= 256 ? header.split(':') : [];
  if (parts.includes('version=2')) return service === 'upload-pack' ? 2 : 0;
  return parts.includes('version=1') ? 1 : 0;
}
