import { PlatformError } from '../errors/platform-error.ts';
import { dynoEnv } from '../lib/dyno-env.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { DynoView } from '../model/dyno.ts';
import { logDeed } from './api-event.ts';
import { InsideCommand, type InsideOrder } from './inside-command.ts';
import { parseOneOffCommand } from './one-off-command.ts';
import type { Platform } from './platform.ts';
import { terminalOf, type OneOffOrder, type StartedOneOff } from './run-one-off.ts';
import { dynoVars } from './dyno-vars.ts';

/**
 * Runs a command inside of a dyno that is up: beside its processes, in its files, with its environment. The command starts
 * when its client attaches, and ends with the dyno.
 */
export async function runInside(
  app: App,
  dyno: DynoView,
  order: Pick<OneOffOrder, 'command' | 'env' | 'withoutTerminal'>,
  actor: Actor,
  platform: Platform,
): Promise<StartedOneOff> {
  const release = await platform.store.releases.findById(dyno.releaseId);
  const { command, wantsStatus } = parseOneOffCommand(order.command, release?.slug?.processTypes ?? {});
  const inside = await commandInside(
    dyno,
    { command, env: order.env, terminal: order.withoutTerminal ? null : terminalOf(order.env), wantsStatus },
    platform,
  );
  logDeed(app, { action: 'dyno:enter', event: `Running \`${command}\` inside ${dyno.name}` }, actor, platform);
  const secret = platform.attachments.offer(inside);
  const { attachMs } = platform.oneOffs.limits;
  setTimeout(() => {
    platform.attachments.withdraw(secret);
  }, attachMs).unref();
  return { view: { ...dyno, command }, secret };
}

/** Throws when the dyno is not up. */
export async function commandInside(dyno: DynoView, order: InsideOrder, platform: Platform): Promise<InsideCommand> {
  if (dyno.state !== 'up') {
    const message = `${dyno.name} is ${dyno.state}. Commands can run inside of a dyno that is up only, see heroku ps.`;
    throw new PlatformError('invalid_params', message);
  }
  const configVars = await dynoVars(dyno.releaseId, platform);
  // Its port is added by the runtime.
  const env = dynoEnv({ name: dyno.name, port: null, configVars: { ...configVars, ...order.env } });
  return new InsideCommand(dyno, { ...order, env }, platform.runtime, platform.oneOffs.limits);
}
