import type { FastifyInstance } from 'fastify';
import { PlatformError } from '../errors/platform-error.ts';

export const maxBodyBytes = 1024 * 1024;
/** Deeper ones are no requests of this API, and would be walked recursively. */
const maxDepth = 64;

/** Any body is JSON, whatever its type is called; an empty one is none. */
export function readJsonBodies(api: FastifyInstance): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) => {
    try {
      done(null, parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** Undefined for no bytes. Throws `bad_request`. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new PlatformError('bad_request', 'The request body is not valid UTF-8.');
  }
  if (depthOf(text) > maxDepth) {
    throw new PlatformError('bad_request', `The request body is nested more than ${maxDepth} levels deep.`);
  }
  try {
    return JSON.parse(text, (key, value: unknown) => {
      if (key === '__proto__')
        throw new PlatformError('bad_request', 'The request body has a field __proto__. Leave it out.');
      return value;
    });
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    throw new PlatformError('bad_request', 'The request body is not valid JSON.');
  }
}

/** Of brackets outside of strings; the parser judges the rest. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, (depth += 1));
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}
