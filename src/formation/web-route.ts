import { hostNames } from '../app/index.ts';
import type { App } from '../model/app.ts';
import type { Release } from '../model/release.ts';
import type { AppRoute, WebState } from '../model/route.ts';
import type { CustomHosts } from './custom-hosts.ts';
import type { Dyno } from './dyno.ts';
import { isWeb } from './dyno-plan.ts';

/** What is known of an app's dynos at one moment. */
export interface DynosInView {
  readonly live: Release | null;
  readonly slots: readonly Dyno[];
  readonly incoming: readonly Dyno[];
}

/** The router's whole knowledge of an app, derived afresh each time. Only dynos that hold a slot and are up are targets. */
export function webRoute(
  app: App,
  names: { readonly domain: string; readonly custom: CustomHosts },
  dynos: DynosInView,
  now: Date,
): AppRoute {
  const targets = dynos.slots
    .filter((dyno) => isWeb(dyno.plan))
    .map((dyno) => dyno.target)
    .filter((target) => target !== null);
  return {
    appId: app.id,
    appName: app.name,
    hosts: [...hostNames(app, names.domain), ...names.custom.hosts],
    certificates: names.custom.certificates,
    challenges: names.custom.challenges,
    maintenance: app.maintenance,
    pages: names.custom.pages,
    web: targets.length > 0 ? 'up' : whyNone(dynos, now),
    targets,
  };
}

function whyNone({ live, slots, incoming }: DynosInView, now: Date): WebState {
  const web = slots.filter((dyno) => isWeb(dyno.plan)).map((dyno) => dyno.state);
  const isComing = incoming.length > 0;
  // A crashed dyno whose restart is due is as good as starting: no request should be refused in between.
  const isStarting = web.some((s) => s.is === 'starting' || (s.is === 'crashed' && s.restartAt <= now));
  if (isComing || isStarting) return 'starting';
  if (live?.slug == null) return 'blank';
  return web.some((s) => s.is === 'crashed') ? 'crashed' : 'none';
}
