import { randomUUID } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import { OutboundRefusedError } from '../lib/outbound.ts';
import { parseDrainUrl } from '../logplex/index.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { LogDrainId } from '../model/ids.ts';
import type { LogDrain } from '../model/log-drain.ts';
import type { Platform } from './platform.ts';

/** Source: https://devcenter.heroku.com/articles/log-drains, "Limits" */
const maxDrainsPerApp = 5;

/** A drain with its URL, as its app's members may see it. */
export interface OpenLogDrain extends LogDrain {
  readonly url: string;
}

type DrainTools = Pick<Platform, 'store' | 'secretBox' | 'outbound' | 'logplex' | 'logs'>;

/** From now on the app's lines go there, too. Throws `invalid_params`. */
export async function addLogDrain(app: App, url: string, actor: Actor, platform: DrainTools): Promise<OpenLogDrain> {
  const address = parseDrainUrl(url);
  const operator = await platform.store.accounts.findFirst();
  const mayReachLoopback = operator?.id === actor.accountId;
  refuseForbidden(() => {
    platform.outbound.check({ ...address, mayReachLoopback });
  });
  return platform.store.transaction(async (tx) => {
    const present = (await tx.logDrains.list(app.id)).map((drain) => withUrl(drain, platform));
    if (present.some((drain) => drain.url === url))
      throw new PlatformError('invalid_params', 'Url has already been taken');
    if (present.length >= maxDrainsPerApp) {
      throw new PlatformError(
        'invalid_params',
        `This app has ${present.length} log drains, and ${maxDrainsPerApp} are allowed. Remove one with heroku drains:remove first.`,
      );
    }
    const id = randomUUID() as LogDrainId;
    const sealedUrl = platform.secretBox.seal(contextOf(id), url);
    const drain = await tx.logDrains.create({
      id,
      appId: app.id,
      token: `d.${randomUUID()}`,
      sealedUrl,
      mayReachLoopback,
    });
    const opened = { ...drain, url };
    tx.afterCommit(() => {
      platform.logplex.openDrain(opened);
    });
    return opened;
  });
}

export async function listLogDrains(app: App, platform: DrainTools): Promise<readonly OpenLogDrain[]> {
  return (await platform.store.logDrains.list(app.id)).map((drain) => withUrl(drain, platform));
}

export async function removeLogDrain(drain: LogDrain, platform: DrainTools): Promise<void> {
  await platform.store.logDrains.delete(drain.id);
  await platform.logplex.removeDrain(drain.id);
}

/** At boot: every drain goes on where it was. One that can't be opened must not keep the platform from starting. */
export async function openLogDrains(platform: DrainTools): Promise<void> {
  for (const drain of await platform.store.logDrains.listAll()) {
    try {
      platform.logplex.openDrain(withUrl(drain, platform));
    } catch (error) {
      platform.logs.logplex.error({ err: error, drain: drain.id, app: drain.appId }, 'a log drain could not be opened');
    }
  }
}

/** Throws `invalid_params` for a target that is never called, so that its maker hears of it at once. */
export function refuseForbidden(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof OutboundRefusedError)) throw error;
    throw new PlatformError('invalid_params', `Invalid value for url: ${error.message}`);
  }
}

function withUrl(drain: LogDrain, { secretBox }: Pick<Platform, 'secretBox'>): OpenLogDrain {
  return { ...drain, url: secretBox.open(contextOf(drain.id), drain.sealedUrl) };
}

function contextOf(id: LogDrainId): string {
  return `log-drain:${id}`;
}
