import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Outbound } from '../../lib/outbound.ts';
import { post } from '../../lib/post.ts';
import type { DrainAddress } from './drain-address.ts';
import { ReceiverError, type DrainSender, type SendOutcome } from './drain-sender.ts';

/** Source of the figures: github.com/heroku/logplex, http_drain_* */
const maxBytes = 102_400;
const timeoutMs = 5_000;
const idleMs = 144_000;

/** Sends over HTTPS, on one connection that is kept. Source: https://devcenter.heroku.com/articles/log-drains#https-drains */
export class HttpSender implements DrainSender {
  readonly maxBytes = maxBytes;
  readonly hostName = 'host';
  readonly confirms = true;
  readonly #address: Extract<DrainAddress, { kind: 'http' }>;
  readonly #token: string;
  readonly #outbound: Outbound;
  readonly #mayReachLoopback: boolean;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(
    address: Extract<DrainAddress, { kind: 'http' }>,
    drain: { readonly token: string; readonly mayReachLoopback: boolean },
    outbound: Outbound,
  ) {
    this.#address = address;
    this.#token = drain.token;
    this.#outbound = outbound;
    this.#mayReachLoopback = drain.mayReachLoopback;
    const options = { keepAlive: true, maxSockets: 1, timeout: idleMs };
    this.#agent = address.tls ? new HttpsAgent(options) : new HttpAgent(options);
  }

  async send(
    batch: { readonly bytes: Buffer; readonly count: number; readonly id: string },
    signal: AbortSignal,
  ): Promise<SendOutcome> {
    const { tls, host, port, path, authorization } = this.#address;
    const target = { host, port, mayReachLoopback: this.#mayReachLoopback };
    this.#outbound.check(target);
    const status = await post({
      tls,
      host,
      port,
      path,
      headers: {
        'content-type': 'application/logplex-1',
        'logplex-msg-count': String(batch.count),
        'logplex-frame-id': batch.id,
        'logplex-drain-token': this.#token,
        'user-agent': 'Logplex/v1 (Hokku)',
        ...(authorization === null ? {} : { authorization }),
      },
      body: batch.bytes,
      timeoutMs,
      lookup: this.#outbound.lookup(target),
      agent: this.#agent,
      signal,
    });
    if (status >= 200 && status < 300) return { is: 'taken' };
    if (status >= 300 && status < 500 && status !== 429) return { is: 'refused', status };
    throw new ReceiverError(`it answered ${status}`);
  }

  close(): void {
    this.#agent.destroy();
  }
}
