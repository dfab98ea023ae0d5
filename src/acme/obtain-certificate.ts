import { setTimeout as sleep } from 'node:timers/promises';
import type { Authorization, Client, Order } from 'acme-client';

/** Of a certificate's subject; longer names are among its alternative names only. Source: RFC 5280, appendix A.1 */
const maxCommonName = 64;
const firstPauseMs = 250;
const maxPauseMs = 5_000;

export interface CertificateRequest {
  /** No wildcard: HTTP-01 is not for them. */
  readonly hostname: string;
  /** PEM, of the certificate. */
  readonly key: string;
  /** Of an order that was begun before, with the same key; one that is of no use any more is followed by another. */
  readonly orderUrl: string | null;
}

/** Each is awaited before the order goes on; what they throw ends it. */
export interface OrderWatcher {
  onOrder(url: string): Promise<void>;
  /** `http://<hostname>/.well-known/acme-challenge/<token>` has to answer with `answer` when it resolves. */
  onChallenge(token: string, answer: string): Promise<void>;
  onVerified(): Promise<void>;
}

/** Source: RFC 8555, 7.4, 7.5.1 and 8.3 */
export async function obtainCertificate(
  client: Client,
  request: CertificateRequest,
  watcher: OrderWatcher,
  signal: AbortSignal,
): Promise<string> {
  const begun = request.orderUrl === null ? null : await findOrder(client, request.orderUrl);
  const order = begun ?? (await client.createOrder({ identifiers: [{ type: 'dns', value: request.hostname }] }));
  if (begun === null) await watcher.onOrder(order.url);
  if (order.status === 'pending') await authorize(client, order, watcher, signal);
  const ready = await settled(order, 'pending', (last) => client.getOrder(last), signal);
  await watcher.onVerified();
  if (ready.status === 'ready') await client.finalizeOrder(ready, await signingRequest(request));
  const leaving = ready.status === 'ready' ? await client.getOrder(order) : ready;
  const final = await settled(leaving, 'processing', (last) => client.getOrder(last), signal);
  if (final.status !== 'valid') throw new Error(`The authority gave the order up (${final.status}).`);
  return client.getCertificate(final);
}

/** Null: it ended badly, or the authority does not know it any more. */
async function findOrder(client: Client, url: string): Promise<Order | null> {
  try {
    const order = await client.getOrder({ url } as Order);
    return order.status === 'invalid' ? null : { ...order, url };
  } catch {
    return null;
  }
}

async function authorize(client: Client, order: Order, watcher: OrderWatcher, signal: AbortSignal): Promise<void> {
  const read = async (): Promise<Authorization> => {
    const [authorization] = await client.getAuthorizations(order);
    if (authorization === undefined) throw new Error('The authority asks for nothing to be proved.');
    return authorization;
  };
  const asked = await read();
  if (asked.status === 'valid') return;
  const challenge = asked.challenges.find(({ type }) => type === 'http-01');
  if (challenge === undefined) throw new Error('The authority does not offer the challenge http-01 for this domain.');
  await watcher.onChallenge(challenge.token, await client.getChallengeKeyAuthorization(challenge));
  if (challenge.status === 'pending') await client.completeChallenge(challenge);
  const judged = await settled(asked, 'pending', read, signal);
  if (judged.status !== 'valid') throw new Error(whyRefused(judged));
}

function whyRefused({ challenges, status }: Authorization): string {
  // The type of the library has no `error` for the challenges that were not tried.
  const failures = challenges.map(({ error }: { error?: unknown }) => error);
  const failure = failures.find((error) => typeof error === 'object' && error !== null && 'detail' in error);
  return failure === undefined ? `The authority did not accept the proof (${status}).` : String(failure.detail);
}

/** Asks until it has another status. */
async function settled<T extends { readonly status: string }>(
  first: T,
  status: string,
  read: (last: T) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let last = first;
  for (let pauseMs = firstPauseMs; last.status === status; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
    await sleep(pauseMs, undefined, { signal });
    last = await read(last);
  }
  return last;
}

async function signingRequest({ hostname, key }: CertificateRequest): Promise<Buffer> {
  const { crypto } = await import('acme-client');
  const common = hostname.length > maxCommonName ? {} : { commonName: hostname };
  const [, request] = await crypto.createCsr({ ...common, altNames: [hostname] }, key);
  return request;
}
