/** Heroku's error ids, as clients know them. Source: https://devcenter.heroku.com/articles/platform-api-reference#errors */
export type ErrorId =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'precondition_failed'
  | 'requested_range_not_satisfiable'
  | 'confirmation_required'
  | 'invalid_params'
  | 'rate_limit'
  | 'suspended'
  | 'verification_needed'
  | 'not_acceptable'
  | 'request_timeout'
  | 'request_too_large'
  | 'not_implemented'
  | 'unavailable'
  | 'internal_server_error';

/** A failure with a stable id and a message that tells its reader what happened and what to do next. Never carries a secret. */
export class PlatformError extends Error {
  override readonly name: string = 'PlatformError';
  readonly id: ErrorId;
  /** The API's `resource` of a `not_found`: `app`, `release`, `dyno`. */
  readonly resource: string | undefined;
  /** When it is of use to try again: the header `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    id: ErrorId,
    message: string,
    options: { cause?: unknown; resource?: string; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.id = id;
    this.resource = options.resource;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
