import { AsyncLocalStorage } from 'node:async_hooks';
import type { ManagedDomain } from '../model/acm.ts';
import type { DomainId } from '../model/ids.ts';
import { orderCertificate, type OrderTools } from './order-certificate.ts';

/** Certificates under way at once, of all apps. */
const maxOrders = 4;
/** Looks at the store at least so often: a clock may have been set. */
const maxPauseMs = 60 * 60_000;
/** After the store failed. */
const errorPauseMs = 10_000;

/** Gets the certificates of domains whose app wants them, and renews them; one per domain, so that one that fails is alone. */
export class CertificateKeeper implements AsyncDisposable {
  /** Null: the operator named no authority. */
  readonly #tools: OrderTools | null;
  readonly #underWay = new Map<DomainId, Promise<void>>();
  readonly #closing = new AbortController();
  /** What it does is nobody's deed, whoever woke it: it is about the domains of everybody. */
  readonly #asPlatform = AsyncLocalStorage.snapshot();
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #started = false;

  constructor(tools: OrderTools | null) {
    this.#tools = tools;
  }

  get isOffered(): boolean {
    return this.#tools !== null;
  }

  /** Once the routes are known: orders that a former process has begun go on. */
  start(): void {
    this.#started = true;
    this.wake();
  }

  /** Something may be wanted now. */
  wake(): void {
    const tools = this.#tools;
    if (tools === null || !this.#started) return;
    this.#asPlatform(() => {
      this.#looking = this.#looking.then(async () => {
        if (this.#closing.signal.aborted) return;
        try {
          await this.#look(tools);
        } catch (error) {
          tools.log.error({ err: error }, 'certificates could not be looked at');
          this.#again(errorPauseMs);
        }
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all(this.#underWay.values());
  }

  async #look(tools: OrderTools): Promise<void> {
    const now = Date.now();
    const wanted = await tools.store.acm.listWanted();
    const waiting = wanted.filter(({ id }) => !this.#underWay.has(id));
    for (const domain of waiting.filter((one) => dueAt(one) <= now)) {
      if (this.#underWay.size >= maxOrders) break;
      this.#underWay.set(domain.id, this.#order(domain, tools));
    }
    const next = Math.min(...waiting.map(dueAt).filter((at) => at > now));
    this.#again(Math.min(next - now, maxPauseMs));
  }

  /** Whoever waited for a place is next. */
  async #order(domain: ManagedDomain, tools: OrderTools): Promise<void> {
    try {
      await orderCertificate(domain, tools, this.#closing.signal);
      this.#underWay.delete(domain.id);
      this.wake();
    } catch (error) {
      this.#underWay.delete(domain.id);
      if (this.#closing.signal.aborted) return;
      tools.log.error({ err: error, hostname: domain.hostname }, 'the order of a certificate could not be kept');
      this.#again(errorPauseMs);
    }
  }

  #again(pauseMs: number): void {
    if (this.#closing.signal.aborted) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.wake();
    }, pauseMs).unref();
  }
}

/** Milliseconds since 1970; Infinity: not by itself. */
function dueAt({ order, sniEndpointId }: ManagedDomain): number {
  if (order === null || (order.status === 'cert issued' && sniEndpointId === null)) return 0;
  return order.nextAt?.getTime() ?? Infinity;
}
