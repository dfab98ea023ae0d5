import type { Logger } from '../log.ts';
import type { AppId } from '../model/ids.ts';
import type { AppRoute, RouterFeed } from '../model/route.ts';
import { pause } from './waiting.ts';

/**
 * Keeps the router's picture of one app up to date: one message at a time, each derived at the moment it is sent, so that an
 * older picture never follows a newer one. A picture that the router did not acknowledge is sent again until it is.
 */
export class RouteSender {
  readonly #tools: { readonly router: RouterFeed; readonly lifetime: AbortSignal; readonly log: Logger };
  readonly #appId: AppId;
  readonly #derive: () => Promise<AppRoute>;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #acknowledged = '';
  #isRemoved = false;

  constructor(
    tools: { readonly router: RouterFeed; readonly lifetime: AbortSignal; readonly log: Logger },
    appId: AppId,
    derive: () => Promise<AppRoute>,
  ) {
    this.#appId = appId;
    this.#tools = tools;
    this.#derive = derive;
  }

  /** Resolves when the router routes as it should at the time of the call, or newer. */
  send(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = null;
      this.#last = this.#deliver();
      return this.#last;
    });
    return this.#next;
  }

  async remove(appId: AppId): Promise<void> {
    this.#isRemoved = true;
    await this.#last;
    await this.#tools.router.removeRoute(appId);
  }

  // Private

  async #deliver(): Promise<void> {
    const { router, lifetime, log } = this.#tools;
    for (let waitMs = 50; !lifetime.aborted && !this.#isRemoved; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        const route = await this.#derive();
        const picture = JSON.stringify(route);
        if (picture === this.#acknowledged) return;
        await router.setRoute(route);
        this.#acknowledged = picture;
        return;
      } catch (error) {
        log.warn({ err: error, app: this.#appId }, 'router did not take a route, trying again');
        await pause(waitMs, lifetime);
      }
    }
  }
}
