import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';

export interface PostRequest {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly lookup: LookupFunction;
  readonly agent?: Agent;
  readonly signal: AbortSignal;
}

/** Nobody reads the answer's body; a longer one ends the connection. */
const maxAnswerBytes = 64 * 1024;

/** One POST. Resolves with the answer's status; follows no redirection. Rejects when there is no answer in time. */
export function post(options: PostRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    const { host, port, path, lookup } = options;
    const outgoing = (options.tls ? httpsRequest : httpRequest)({
      host,
      port,
      path,
      lookup,
      method: 'POST',
      headers: { ...options.headers, 'content-length': String(options.body.length) },
      signal: options.signal,
      ...(options.agent === undefined ? {} : { agent: options.agent }),
    });
    const timer = setTimeout(() => {
      outgoing.destroy(new PostTimeoutError(`no answer within ${options.timeoutMs} ms`));
    }, options.timeoutMs);
    outgoing.once('response', (response: IncomingMessage) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) response.destroy();
      });
      // The status is the whole answer; how its body ends does not matter.
      response.on('error', () => undefined);
      response.once('close', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    outgoing.once('error', reject);
    outgoing.once('close', () => {
      clearTimeout(timer);
    });
    outgoing.end(options.body);
  });
}

export class PostTimeoutError extends Error {
  override readonly name = 'PostTimeoutError';
  readonly code = 'ETIMEDOUT';
}
