import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { exitCodeOf, startProcess } from '../lib/spawn.ts';
import type { Access } from './authorize.ts';
import type { ReceiverDeps } from './deps.ts';
import { noCache, PlainTextError } from './plain-text.ts';
import { keepUntilRead } from './push-client.ts';
import { BodyError, type RequestBody } from './request-body.ts';

/** Answers one round of a fetch or clone. A client that leaves ends git. */
export async function uploadPack(
  access: Access,
  protocol: 0 | 1 | 2,
  body: RequestBody,
  response: ServerResponse,
  deps: ReceiverDeps,
): Promise<void> {
  const { args, env } = deps.repos.serve(access.app.id, {
    service: 'upload-pack',
    advertise: false,
    protocol,
    maxPackBytes: 0,
  });
  const child = startProcess('git', args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = exitCodeOf(child);
  ended.catch(() => undefined);
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('Internal: git was started without pipes');
  stdin.on('error', () => undefined); // git judged by what it answers
  response.setTimeout(deps.limits.idleMs, () => response.destroy());
  try {
    keepUntilRead(response);
    response.writeHead(200, { ...noCache, 'content-type': 'application/x-git-upload-pack-result' });
    const answer = pipeline(stdout, response);
    const [asked, answered] = await Promise.allSettled([feed(body, stdin), answer]);
    if (asked.status === 'rejected' && !(asked.reason instanceof BodyError)) throw asked.reason;
    if (answered.status === 'rejected') deps.log.debug({ app: access.app.name }, 'fetch given up by its client');
  } finally {
    child.kill('SIGTERM');
    body.discardRest();
    await ended;
  }
}

async function feed(body: RequestBody, stdin: NodeJS.WritableStream): Promise<void> {
  try {
    for (let chunk = await body.read(); chunk !== null; chunk = await body.read()) {
      if (body.isTooLarge) return;
      stdin.write(chunk);
    }
  } finally {
    stdin.end();
  }
}

/** Wants and haves; a real fetch needs kilobytes. */
export const maxFetchRequestBytes = 16 * 1024 * 1024;

export const notAGitRequest = new PlainTextError(400, ['This request is not of the git protocol.']);
