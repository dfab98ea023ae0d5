import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { authenticateToken, scopesAllow, tokenOf } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Platform } from '../lifecycle/index.ts';
import { readGauges } from './read-gauges.ts';
import type { Readiness, Watched } from './readiness.ts';

export interface HealthState {
  /** Null until boot has finished, and again from the start of the shutdown. */
  readonly running: (Watched & { readonly readiness: Readiness }) | null;
}

/**
 * `/healthz`: this process answers. `/readyz`: it accepts work, 503 if not; what is wrong is told to the operator only.
 * `/metrics`, for Prometheus: with the operator's token as bearer token or password.
 */
export function healthPlugin(state: HealthState): FastifyPluginCallback {
  return (http, _options, done) => {
    http.get('/healthz', () => ({ status: 'ok' }));
    http.get('/readyz', (request, reply) => answerReady(request, reply, state));
    http.get('/metrics', (request, reply) => answerMetrics(request, reply, state));
    done();
  };
}

async function answerReady(request: FastifyRequest, reply: FastifyReply, { running }: HealthState): Promise<unknown> {
  if (running === null) return reply.code(503).send({ status: 'starting or stopping' });
  const problems = await running.readiness.problems();
  if (problems.length === 0) return { status: 'ready' };
  void reply.code(503);
  // Who asks can't be known when the database does not answer.
  const isOperator = await isFromOperator(request, running.platform).catch(() => false);
  return isOperator ? { status: 'not ready', problems } : { status: 'not ready' };
}

async function answerMetrics(request: FastifyRequest, reply: FastifyReply, { running }: HealthState): Promise<unknown> {
  if (running === null) return reply.code(503).send({ status: 'starting or stopping' });
  const { platform, router, dataDir } = running;
  const asked = await judge(request, platform);
  if (asked instanceof PlatformError) {
    void reply.code(429).header('retry-after', asked.retryAfterSeconds ?? 60);
    return { id: asked.id, message: asked.message };
  }
  if (!asked) {
    return reply.code(401).header('www-authenticate', 'Basic realm="Hokku", charset="UTF-8"').send({
      id: 'unauthorized',
      message:
        "The metrics are shown to the platform's operator: send that account's token as bearer token or password.",
    });
  }
  const [gauges, counted] = await Promise.all([readGauges(platform, dataDir), router.readMetrics()]);
  return reply.header('content-type', platform.metrics.contentType).send(await platform.metrics.write(gauges, counted));
}

/** The error: too many wrong tokens came from there. */
async function judge(request: FastifyRequest, platform: Platform): Promise<boolean | PlatformError> {
  try {
    return await isFromOperator(request, platform);
  } catch (error) {
    if (error instanceof PlatformError && error.id === 'rate_limit') return error;
    throw error;
  }
}

async function isFromOperator({ headers, ip }: FastifyRequest, platform: Platform): Promise<boolean> {
  const token = tokenOf(headers.authorization);
  const caller = token === null ? null : await authenticateToken(platform, token, ip);
  return caller !== null && caller.account.isOperator && scopesAllow(caller.authorization.scopes, 'apps', 'read');
}
