import { createHmac, randomUUID } from 'node:crypto';
import { OutboundRefusedError, type Outbound } from '../lib/outbound.ts';
import { post } from '../lib/post.ts';
import { parseWebhookUrl, type WebhookTarget } from './webhook-target.ts';

const timeoutMs = 10_000;

export interface Attempted {
  /** Of the answer; null when there was none. */
  readonly code: number | null;
  /** Null: it was taken. */
  readonly errorClass: string | null;
}

/** One signed request. Source: https://devcenter.heroku.com/articles/app-webhooks#receiving-webhooks */
export async function signedPost(
  target: WebhookTarget & { readonly mayReachLoopback: boolean },
  payload: object,
  outbound: Outbound,
  signal: AbortSignal,
): Promise<Attempted> {
  const body = Buffer.from(JSON.stringify(payload));
  try {
    const { authorization, ...url } = parseWebhookUrl(target.url);
    const host = { host: url.host, port: url.port, mayReachLoopback: target.mayReachLoopback };
    const credentials = target.authorization ?? authorization;
    outbound.check(host);
    const code = await post({
      ...url,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Hokku-Webhooks/1',
        'request-id': randomUUID(),
        'heroku-webhook-hmac-sha256': createHmac('sha256', target.secret).update(body).digest('base64'),
        ...(credentials === null ? {} : { authorization: credentials }),
      },
      body,
      timeoutMs,
      lookup: outbound.lookup(host),
      signal,
    });
    return { code, errorClass: code >= 200 && code < 300 ? null : 'UnexpectedStatus' };
  } catch (error) {
    signal.throwIfAborted();
    return { code: null, errorClass: errorClass(error) };
  }
}

/** A word for the owner of the webhook; a message could name addresses of the machine. */
function errorClass(error: unknown): string {
  if (error instanceof OutboundRefusedError) return 'ForbiddenAddress';
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined) return code;
  return error instanceof Error ? error.name : 'Error';
}
