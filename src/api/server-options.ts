import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';

/** What the HTTP server has to be made with for the API: a path part may be a URL of its own, and a malformed path is told in our words. */
export const serverOptions = {
  routerOptions: { maxParamLength: 3 * 2048 },
  frameworkErrors: (_error: Error, _request: FastifyRequest, reply: FastifyReply): void => {
    void reply
      .code(400)
      .send({ id: 'bad_request', message: 'The path of the request is malformed. Check its percent signs.' });
  },
} satisfies FastifyServerOptions;
