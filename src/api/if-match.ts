import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PlatformError } from '../errors/platform-error.ts';
import type { Endpoint } from './endpoint-table.ts';
import { namesEtag } from './finish-answer.ts';

/**
 * `If-Match` on a change: what the client has read must still be so, or the change is refused with 412. The state is read
 * the way the client reads it, by GET of the same path; a path that can't be read has none, and matches nothing.
 */
export async function requireMatch(api: FastifyInstance, request: FastifyRequest, endpoint: Endpoint): Promise<void> {
  const wanted = request.headers['if-match'];
  if (wanted === undefined || endpoint.method === 'GET') return;
  const { authorization, accept, range, host } = request.headers;
  const read = await api.inject({
    method: 'GET',
    url: request.url,
    headers: { authorization, accept, host, ...(range === undefined ? {} : { range }) },
  });
  const { etag } = read.headers;
  if (typeof etag === 'string' && namesEtag(wanted, etag)) return;
  throw new PlatformError(
    'precondition_failed',
    'It is not any more as it was when you read it (If-Match). Read it again, and repeat the change if it is still wanted.',
  );
}
