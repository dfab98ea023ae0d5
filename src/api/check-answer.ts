import type { ValidateFunction } from 'ajv';
import { compileSchema } from './compile-schema.ts';
import type { PublishedEndpoint } from './published.ts';

const compiled = new WeakMap<PublishedEndpoint, Promise<ValidateFunction>>();

/** What in an answer differs from its published schema, for the developers of this API; null when it fits. */
export async function answerMismatch(endpoint: PublishedEndpoint, answer: unknown): Promise<string | null> {
  if (endpoint.answer === null) return null;
  let validator = compiled.get(endpoint);
  if (validator === undefined) {
    validator = compileSchema('answer', endpoint.answer);
    compiled.set(endpoint, validator);
  }
  const fits = await validator;
  // As the client will read it: dates are text, and undefined fields are not there.
  if (fits(JSON.parse(JSON.stringify(answer ?? null)))) return null;
  const errors = (fits.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath || 'the body'} ${message ?? ''}`,
  );
  return `${endpoint.method} ${endpoint.path} (${endpoint.resource}): ${[...new Set(errors)].join('; ')}`;
}
