import type { FastifyReply, FastifyRequest } from 'fastify';
import { PlatformError } from '../errors/platform-error.ts';
import { etagOf, namesEtag } from './finish-answer.ts';

/**
 * `If-Match` on a change: what the client has read must still be so, or the change is refused with 412. `read` answers
 * what GET of the same path would, null where there is no such thing to read, which nothing matches.
 */
export async function requireMatch(
  { headers, method }: FastifyRequest,
  read: (reply: FastifyReply) => Promise<unknown>,
): Promise<void> {
  const wanted = headers['if-match'];
  if (wanted === undefined || method === 'GET' || method === 'HEAD') return;
  const present = await read(replyToNobody());
  if (present !== null && namesEtag(wanted, etagOf(JSON.stringify(present)))) return;
  throw new PlatformError(
    'precondition_failed',
    'It is not any more as it was when you read it (If-Match). Read it again, and repeat the change if it is still wanted.',
  );
}

/** Handlers set headers and a status; those of this reading are not sent. */
function replyToNobody(): FastifyReply {
  const headers = new Map<string, unknown>();
  const reply = {
    statusCode: 200,
    sent: false,
    code: () => reply,
    header: (name: string, value: unknown) => {
      headers.set(name, value);
      return reply;
    },
    getHeader: (name: string) => headers.get(name),
    hasHeader: (name: string) => headers.has(name),
  };
  return reply as unknown as FastifyReply;
}
