import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { forwardedPort, type ClientRequest } from './client-request.ts';
import { sendPlain } from './error-page.ts';
import { exchange } from './exchange.ts';
import { endToEnd, valuesOf } from './headers.ts';
import type { RouterLimits } from './limits.ts';

const replaced = new Set([
  'host',
  'content-length',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-host',
  'x-request-id',
]);

/**
 * Hands a request for the platform itself (API, git) to the control plane. Any size and any duration; only a client
 * that stops sending or taking bytes is cut off. While the control plane restarts, the request waits.
 */
export async function platformRequest(client: ClientRequest, socketPath: string, limits: RouterLimits): Promise<void> {
  const backend = await reachPlatform(client, socketPath, limits.platformWaitMs);
  if (backend === null) {
    sendUnavailable(client, 'The platform is not running, or is being restarted. Try again in a moment.');
    return;
  }
  const [host = ''] = valuesOf(client.request.rawHeaders, 'host');
  const { failure } = await exchange({
    client,
    backend,
    path: client.path,
    headers: [
      'Host',
      host,
      ...endToEnd(client.request.rawHeaders, replaced),
      'X-Request-Id',
      client.requestId,
      'X-Forwarded-For',
      client.ip,
      'X-Forwarded-Proto',
      client.protocol,
      'X-Forwarded-Port',
      forwardedPort(client),
      'X-Forwarded-Host',
      host,
    ],
    via: null,
    rules: { firstByteMs: null, idleMs: limits.platformStallMs, onlyClient: true },
    resumableEvents: true,
    onUpgraded: () => undefined,
  });
  const { response } = client;
  if (failure === null || response.headersSent || response.destroyed) return;
  if (failure.code === 'H27' || failure.code === 'H28') response.destroy();
  else if (failure.code === 'H26') sendPlain(response, 400, `Bad request: ${failure.detail ?? ''}`);
  else sendUnavailable(client, 'The platform stopped before it had answered this request. Try again in a moment.');
}

async function reachPlatform(client: ClientRequest, socketPath: string, waitMs: number): Promise<Socket | null> {
  const deadline = Date.now() + waitMs;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 250)) {
    const socket = await open(socketPath);
    if (socket !== null) return socket;
    if (Date.now() + pauseMs > deadline || client.response.closed || client.response.destroyed) return null;
    await sleep(pauseMs);
  }
}

function open(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createConnection({ path, allowHalfOpen: true });
    const onError = (): void => {
      socket.destroy();
      resolve(null);
    };
    socket.on('error', onError);
    socket.on('connect', () => {
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

function sendUnavailable({ request, response }: ClientRequest, message: string): void {
  if (response.destroyed) return;
  if (/json/i.test(request.headers.accept ?? '')) {
    sendPlain(response, 503, JSON.stringify({ id: 'unavailable', message }), 'application/json');
  } else sendPlain(response, 503, message);
}
