import type { FastifyReply } from 'fastify';
import { PlatformError, type ErrorId } from '../errors/platform-error.ts';
import type { Logger } from '../log.ts';

/** Source: https://devcenter.heroku.com/articles/platform-api-reference#errors */
const statusOf: Readonly<Record<ErrorId, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  suspended: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  request_timeout: 408,
  conflict: 409,
  precondition_failed: 412,
  request_too_large: 413,
  requested_range_not_satisfiable: 416,
  invalid_params: 422,
  verification_needed: 422,
  confirmation_required: 423,
  rate_limit: 429,
  internal_server_error: 500,
  not_implemented: 501,
  unavailable: 503,
};

/** Answers `{"id", "message"}`. What nobody foresaw is logged with the id that the client is given, and not described to it unless `details` are wanted. */
export function sendError(
  error: unknown,
  requestId: string,
  reply: FastifyReply,
  log: Logger,
  details = false,
): FastifyReply {
  const known = error instanceof PlatformError ? error : fromFramework(error);
  if (known === null) {
    log.error({ err: error, requestId }, 'request failed');
    const message = `The platform failed to answer this request. Its operator finds the cause in the platform's log under ${requestId}.`;
    return reply
      .code(500)
      .send({ id: 'internal_server_error', message: details ? `${message} ${String(error)}` : message });
  }
  if (known.retryAfterSeconds !== undefined) void reply.header('retry-after', known.retryAfterSeconds);
  const resource = known.resource === undefined ? {} : { resource: known.resource };
  return reply.code(statusOf[known.id]).send({ id: known.id, message: known.message, ...resource });
}

/** What fastify itself refuses before a handler sees the request. */
function fromFramework(error: unknown): PlatformError | null {
  const status = (error as { statusCode?: unknown }).statusCode;
  if (status === 413) return new PlatformError('request_too_large', 'The request body is larger than 1 MiB.');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new PlatformError('bad_request', error instanceof Error ? error.message : 'The request is malformed.');
  }
  return null;
}
