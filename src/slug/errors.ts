import { PlatformError } from '../errors/platform-error.ts';
import type { Sha256 } from '../model/ids.ts';

/** A stored slug is not what its name says. Source: https://devcenter.heroku.com/articles/error-codes#r17-checksum-error */
export class SlugChecksumError extends PlatformError {
  override readonly name = 'SlugChecksumError';
  readonly code = 'R17';

  constructor(expected: Sha256, actual: string) {
    const message = `The stored slug ${expected} has the checksum ${actual}: its file was damaged. Push again to make a new one.`;
    super('internal_server_error', message);
  }
}

export class SlugMissingError extends PlatformError {
  override readonly name = 'SlugMissingError';

  constructor(sha: Sha256) {
    super('not_found', `The slug ${sha} is no longer stored. Push again to make a new one.`, { resource: 'slug' });
  }
}
