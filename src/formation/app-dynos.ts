import type { App } from '../model/app.ts';
import type { DynoView } from '../model/dyno.ts';
import type { DynoName } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import type { RouterFeed } from '../model/route.ts';
import type { DynoRow } from '../store/index.ts';
import { KnownHosts, type ReadCustomHosts } from './custom-hosts.ts';
import { Dyno } from './dyno.ts';
import type { StopOrder } from './dyno-orders.ts';
import { dynoNumber, isWeb, type DynoPlan } from './dyno-plan.ts';
import type { DynoTools } from './dyno-tools.ts';
import { dynoView } from './dyno-view.ts';
import { Guests } from './guests.ts';
import { RouteSender } from './route-sender.ts';
import { orAborted } from './waiting.ts';
import { typeOrder, wantedDynos } from './wanted-dynos.ts';
import { webRoute } from './web-route.ts';

export interface AppDynosTools extends DynoTools {
  readonly router: RouterFeed;
  readonly domain: string;
  readonly readCustomHosts: ReadCustomHosts;
  /** False: a release (or restart) whose web dynos don't come up takes the place of the older dynos anyway. */
  readonly keepsOld: boolean;
}

/**
 * The dynos of one app. A slot (`web.1`) holds the dyno that counts under this name; `incoming` ones are being tried out
 * and take their slot when all of them are up; the rest is retiring. Moving a dyno between the three is never interrupted
 * by anything else (no await in between), and the route is derived from where they are.
 */
export class AppDynos {
  app: App;
  /** The release in the slots: what crashed dynos and added ones are started from. */
  live: Release | null = null;
  readonly slots = new Map<DynoName, Dyno>();
  readonly incoming = new Map<DynoName, Dyno>();
  readonly #retiring = new Set<Dyno>();
  readonly guests = new Guests();
  readonly #route: RouteSender;
  readonly #hosts: KnownHosts;
  readonly tools: AppDynosTools;
  readonly #restarts = new Map<DynoName, NodeJS.Timeout>();
  #isClosing = false;

  constructor(tools: AppDynosTools, app: App) {
    this.tools = tools;
    this.app = app;
    this.#hosts = new KnownHosts(() => tools.readCustomHosts(app.id));
    this.#route = new RouteSender(tools, app.id, async () => {
      const custom = await this.#hosts.get();
      const view = { live: this.live, slots: [...this.slots.values()], incoming: [...this.incoming.values()] };
      return webRoute(this.app, { domain: tools.domain, custom }, view, tools.now());
    });
  }

  get hasWebUp(): boolean {
    return [...this.slots.values()].some((dyno) => isWeb(dyno.plan) && dyno.isUp);
  }

  /** What should run of a release, according to the formation as it is in the store now. */
  async wanted(release: Release): Promise<readonly DynoPlan[]> {
    return wantedDynos(release, await this.tools.store.formation.list(this.app.id));
  }

  /** Makes a dyno that is not begun yet and holds no slot. */
  create(plan: DynoPlan, past: { readonly crashes: number; readonly row?: DynoRow } = { crashes: 0 }): Dyno {
    return new Dyno(
      this.tools,
      this.app,
      plan,
      (dyno) => {
        this.#changed(dyno);
      },
      past,
    );
  }

  /** Puts a dyno into its slot and gives back the one that held it, which the caller must retire. */
  place(dyno: Dyno): Dyno | null {
    const before = this.slots.get(dyno.plan.name) ?? null;
    this.slots.set(dyno.plan.name, dyno);
    // It may have crashed while it was incoming; now its restart is ours to do.
    this.#armRestart(dyno);
    return before;
  }

  /** A new dyno straight into its slot. Resolves when it has been launched; the one before it stops meanwhile, as on Heroku. */
  async start(plan: DynoPlan, crashes = 0): Promise<void> {
    if (this.#isClosing) return;
    const before = this.slots.get(plan.name);
    const dyno = this.create(plan, { crashes });
    if (before !== undefined) sayReplacing(before, dyno);
    this.place(dyno);
    if (before !== undefined && before.state.is !== 'crashed') this.retire([before]);
    await dyno.begin();
    // The row of a crashed dyno carries the count of its crashes: it goes only after its successor's is there.
    if (before?.state.is === 'crashed') this.retire([before]);
    if (isWeb(plan)) await this.publish();
  }

  /**
   * Stops dynos that have left their slot (or are to keep it as `down`): out of the route first, then drained, then SIGTERM.
   * Goes on in the background.
   */
  retire(dynos: readonly Dyno[], then: StopOrder['then'] = 'remove', graceMs = this.tools.limits.stopGraceMs): void {
    const { limits, router, lifetime } = this.tools;
    for (const dyno of dynos) {
      const isRouted = isWeb(dyno.plan) && dyno.isUp;
      if (then === 'remove') this.#retiring.add(dyno);
      const drained = isRouted ? async () => this.publish().then(() => router.drained(dyno.id, limits.drainMs)) : null;
      const stopped = dyno.stop({
        then,
        graceMs,
        after: drained === null ? Promise.resolve() : noRejection(Promise.resolve().then(drained)),
      });
      const settled = stopped.finally(() => this.#retiring.delete(dyno));
      this.tools.track(orAborted(settled, lifetime));
    }
  }

  /** Tells the router where the app is now. Resolves when it has acknowledged it. */
  publish(): Promise<void> {
    return this.#isClosing ? Promise.resolve() : this.#route.send();
  }

  /** The same after a change of the app's custom domains, their certificates or its error pages. */
  publishHosts(): Promise<void> {
    this.#hosts.changed();
    return this.publish();
  }

  /** Ends everything: no restarts, no draining. Resolves when the last dyno is gone. */
  async stopAll(graceMs: number, options: { readonly keepDown: boolean }): Promise<void> {
    this.#disarmAll();
    const all = new Set([...this.slots.values(), ...this.incoming.values(), ...this.#retiring]);
    const isAtRest = (dyno: Dyno): boolean => dyno.state.is === 'down' || dyno.state.is === 'crashed';
    const chosen = [...all].filter((dyno) => !(options.keepDown && isAtRest(dyno)));
    await Promise.all(
      chosen.map((dyno) => dyno.stop({ then: options.keepDown && dyno.isGoingDown ? 'down' : 'remove', graceMs })),
    );
  }

  /** Lets go of everything; the dynos run on. */
  letGo(): void {
    this.#disarmAll();
  }

  async removeRoute(): Promise<void> {
    await this.#route.remove(this.app.id);
  }

  /** In formation order, guests first. */
  views(): readonly DynoView[] {
    const dynos = [...this.slots.values()].toSorted((a, b) => {
      const byType = typeOrder(this.live, a.plan.type) - typeOrder(this.live, b.plan.type);
      if (byType !== 0) return byType;
      return dynoNumber(a.plan.name) - dynoNumber(b.plan.name);
    });
    return [...this.guests.views, ...dynos.map((dyno) => dynoView(dyno, this.app.id))];
  }

  // Private

  #changed(dyno: Dyno): void {
    if (this.slots.get(dyno.plan.name) !== dyno) return;
    this.#armRestart(dyno);
    if (isWeb(dyno.plan)) this.tools.track(this.publish());
  }

  #armRestart(dyno: Dyno): void {
    const { name } = dyno.plan;
    clearTimeout(this.#restarts.get(name));
    this.#restarts.delete(name);
    const { state } = dyno;
    if (state.is !== 'crashed' || this.#isClosing) return;
    const waitMs = Math.max(0, state.restartAt.getTime() - this.tools.now().getTime());
    const restart = (): void => {
      if (this.slots.get(name) === dyno && dyno.state.is === 'crashed' && !this.#isClosing) {
        this.tools.track(this.start(dyno.plan, dyno.crashes));
      }
    };
    this.#restarts.set(name, setTimeout(restart, waitMs));
  }

  #disarmAll(): void {
    this.#isClosing = true;
    for (const timer of this.#restarts.values()) clearTimeout(timer);
    this.#restarts.clear();
  }
}

/** What the log says when a dyno takes the place of another. Source: logging.md, "Sequence for a config change". */
export function sayReplacing(before: Dyno, next: Dyno): void {
  switch (before.state.is) {
    case 'up':
      next.say('Restarting', 'State changed from up to starting');
      return;
    case 'starting':
      next.say('Restarting');
      return;
    case 'crashed':
      next.say('State changed from crashed to starting');
      return;
    case 'stopping':
    case 'down':
      next.say('State changed from down to starting');
  }
}

/** A router that cannot say that a dyno is drained must not keep it alive: the deadline has passed or the router is gone. */
function noRejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch(() => undefined);
}
