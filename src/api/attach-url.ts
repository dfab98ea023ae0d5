import type { ApiCall } from './api-call.ts';

/**
 * Where a client attaches to a one-off dyno. It reaches the platform's one port under the name by which it reached the API;
 * the certificate is for that name too. Source: heroku-cli.md 5.2.
 */
export function attachUrl({ request, platform }: ApiCall, secret: string): string {
  const [, host, port] = /^([\w.-]+|\[[\da-f:]+\])(?::(\d+))?$/i.exec(request.host) ?? [];
  const at = host === undefined ? new URL(platform.urls.api).host : `${host}:${port ?? defaultPort(request.protocol)}`;
  return platform.attachBy === 'ssh' ? `https://${at}/attach/${secret}` : `rendezvous://${at}/${secret}`;
}

/** The official CLI wants a port in any case. */
function defaultPort(protocol: string): string {
  return protocol === 'https' ? '443' : '80';
}
