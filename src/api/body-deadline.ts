import type { FastifyInstance } from 'fastify';
import { PlatformError } from '../errors/platform-error.ts';

/** A body of this API has a megabyte at most: who needs longer for it only keeps a connection. */
export const defaultBodyMs = 30_000;

/** The whole body has to come within `ms`; else the answer is 408, however steadily its bytes trickle. */
export function limitBodyTime(server: FastifyInstance, ms: number): void {
  server.addHook('preParsing', (request, _reply, payload, done) => {
    const { 'transfer-encoding': encoding, 'content-length': length = '0' } = request.headers;
    if (encoding === undefined && length === '0') {
      done(null, payload);
      return;
    }
    const timer = setTimeout(() => {
      const text = `The request body did not come within ${Math.ceil(ms / 1000)} seconds. Check the connection, and send it again.`;
      // Whoever reads the body is told; the connection stays for the answer.
      if (payload.listenerCount('error') > 0) payload.emit('error', new PlatformError('request_timeout', text));
      else request.raw.destroy();
    }, ms);
    const clear = (): void => {
      clearTimeout(timer);
    };
    payload.once('end', clear);
    payload.once('close', clear);
    done(null, payload);
  });
}
