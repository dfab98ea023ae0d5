import { randomUUID } from 'node:crypto';
import { newKey, type AcmeAuthority } from '../acme/index.ts';
import { randomAppName } from '../app/index.ts';
import { describeCertificate, readCertificate, type CertificatePair } from '../domain/index.ts';
import type { Formation } from '../formation/index.ts';
import { fired } from '../lib/fired.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import type { Logger } from '../log.ts';
import type { AcmOrder, ManagedDomain } from '../model/acm.ts';
import type { DomainId, SniEndpointId } from '../model/ids.ts';
import type { Store, Transaction } from '../store/index.ts';
import type { AcmeChallenges } from './acme-challenges.ts';
import { contextOfEndpoint } from './sni-endpoints.ts';

export interface OrderTools {
  readonly store: Store;
  readonly secretBox: SecretBox;
  readonly authority: AcmeAuthority;
  readonly challenges: AcmeChallenges;
  readonly formation: Pick<Formation, 'refreshHosts'>;
  readonly log: Logger;
}

const orderMs = 3 * 60_000;
const minuteMs = 60_000;
/**
 * After the first, second ... attempt that failed. Let's Encrypt allows five failed ones per name and hour.
 * Source: https://letsencrypt.org/docs/rate-limits/
 */
const pausesMs = [1, 15, 30, 60, 120, 240, 480].map((minutes) => minutes * minuteMs);
const limitedPauseMs = 60 * minuteMs;
const dailyMs = 24 * 60 * minuteMs;
const maxReasonLength = 500;

/** The domain was removed, has a certificate of its owner's now, or its app wants none any more. */
class NotWanted extends Error {
  override readonly name = 'NotWanted';
}

/** One attempt, kept step by step. What goes wrong is the domain's state; throws only when the store fails, or at `closing`. */
export async function orderCertificate(domain: ManagedDomain, tools: OrderTools, closing: AbortSignal): Promise<void> {
  const { hostname } = domain;
  const signal = AbortSignal.any([closing, AbortSignal.timeout(orderMs)]);
  try {
    if (hostname.startsWith('*.')) {
      throw new Error(
        "Certificates for wildcards can't be had automatically: the authority would have to be shown a DNS record. Add one of your own with heroku certs:add.",
      );
    }
    // A call that is not answered can't be called off: it is left to its own time limit.
    const pair = await Promise.race([obtain(domain, tools, signal), rejectAt(signal)]);
    await keep(domain, pair, tools);
    tools.log.info({ hostname }, 'certificate issued');
  } catch (error) {
    if (error instanceof NotWanted) return;
    if (closing.aborted) throw error;
    const reason = signal.aborted ? 'The authority did not answer in time.' : reasonOf(error);
    tools.log.warn({ hostname, reason }, 'certificate not issued');
    await noteFailure(domain.id, reason, tools);
  } finally {
    // A stopping platform's routes are told afresh by the next one.
    if (tools.challenges.delete(domain.appId, domain.id) && !closing.aborted) {
      await tools.formation.refreshHosts(domain.appId);
    }
  }
}

async function obtain(domain: ManagedDomain, tools: OrderTools, signal: AbortSignal): Promise<CertificatePair> {
  const { store, secretBox, authority, challenges, formation } = tools;
  const context = `acm-order:${domain.id}`;
  const sealed = domain.order?.sealedKey ?? null;
  const key = sealed === null ? await newKey() : secretBox.open(context, sealed);
  const isRenewal = domain.sniEndpointId !== null;
  const note = async (change: Partial<AcmOrder>): Promise<void> => {
    signal.throwIfAborted();
    await store.transaction(async (tx) => {
      const { order } = await requireWanted(domain.id, tx);
      // While a certificate is shown, its renewal is no news.
      const status = isRenewal ? (order?.status ?? 'pending') : (change.status ?? order?.status ?? 'pending');
      await tx.acm.save(domain.id, { ...(order ?? untried), ...change, status });
    });
  };
  await note({
    sealedKey: sealed ?? secretBox.seal(context, key),
    ...(domain.order === null && { status: 'pending' }),
  });
  const chain = await authority.obtain(
    () => accountKey(tools),
    { hostname: domain.hostname, key, orderUrl: domain.order?.orderUrl ?? null },
    {
      onOrder: (url) => note({ orderUrl: url }),
      onChallenge: async (token, answer) => {
        signal.throwIfAborted();
        challenges.set(domain.appId, domain.id, { host: domain.hostname, token, answer });
        await formation.refreshHosts(domain.appId);
      },
      onVerified: () => note({ status: 'verified', reason: null }),
    },
    signal,
  );
  return readCertificate(chain, key);
}

async function rejectAt(signal: AbortSignal): Promise<never> {
  await fired(signal);
  throw signal.reason;
}

const untried = {
  status: 'pending',
  reason: null,
  orderUrl: null,
  sealedKey: null,
  attempts: 0,
  // Due until it ended one way or the other: also for a platform that was killed meanwhile.
  nextAt: new Date(0),
} as const;

async function requireWanted(id: DomainId, tx: Transaction): Promise<ManagedDomain> {
  const domain = await tx.acm.findWanted(id);
  if (domain === null) throw new NotWanted('Internal: nobody wants this certificate any more');
  return domain;
}

/** One account for the whole platform; its key is on disk before the authority hears of it. */
async function accountKey({ store, secretBox, authority: { directory } }: OrderTools): Promise<string> {
  const context = `acm-account:${directory}`;
  const fresh = await newKey();
  return store.transaction(async (tx) => {
    const known = await tx.acm.findAccount(directory);
    if (known !== null) return secretBox.open(context, known);
    await tx.acm.createAccount(directory, secretBox.seal(context, fresh));
    return fresh;
  });
}

async function keep(domain: ManagedDomain, pair: CertificatePair, tools: OrderTools): Promise<void> {
  const { startsAt, expiresAt } = describeCertificate(pair.chain);
  // With a third of its life left. Source: https://letsencrypt.org/docs/integration-guide/#when-to-renew
  const nextAt = new Date(startsAt.getTime() + ((expiresAt.getTime() - startsAt.getTime()) * 2) / 3);
  await tools.store.transaction(async (tx) => {
    const { sniEndpointId } = await requireWanted(domain.id, tx);
    const id = sniEndpointId ?? (randomUUID() as SniEndpointId);
    const sealedKey = tools.secretBox.seal(contextOfEndpoint(id), pair.key);
    const certificate = { certificateChain: pair.chain, sealedKey, acm: true };
    if (sniEndpointId === null) {
      const taken = new Set((await tx.sniEndpoints.list(domain.appId)).map(({ name }) => name));
      let name: string = randomAppName();
      while (taken.has(name)) name = randomAppName();
      await tx.sniEndpoints.create({ id, appId: domain.appId, name, ...certificate });
      await tx.domains.setSniEndpoint(domain.id, id);
    } else await tx.sniEndpoints.update(id, certificate);
    await tx.acm.save(domain.id, { ...untried, status: 'cert issued', nextAt });
  });
  await tools.formation.refreshHosts(domain.appId);
}

async function noteFailure(id: DomainId, reason: string, { store }: OrderTools): Promise<void> {
  await store.transaction(async (tx) => {
    const domain = await tx.acm.findWanted(id);
    if (domain === null) return;
    const attempts = (domain.order?.attempts ?? 0) + 1;
    const pauseMs = domain.hostname.startsWith('*.') ? undefined : pausesMs[attempts - 1];
    // A certificate that ends soon is never given up.
    const isOver = pauseMs === undefined && domain.sniEndpointId === null;
    const leastMs = /rate.?limit|too many/i.test(reason) ? limitedPauseMs : 0;
    await tx.acm.save(id, {
      status: isOver ? 'failed' : 'failing',
      reason,
      orderUrl: null,
      sealedKey: domain.order?.sealedKey ?? null,
      attempts,
      nextAt: isOver ? null : new Date(Date.now() + Math.max(pauseMs ?? dailyMs, leastMs)),
    });
  });
}

/** Most are the authority's own words: one line of them. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').slice(0, maxReasonLength);
}
