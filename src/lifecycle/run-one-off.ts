import { randomUUID } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import { dynoEnv } from '../lib/dyno-env.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { DynoSpec, DynoView, TerminalSize } from '../model/dyno.ts';
import { defaultDynoSize, type DynoSizeName } from '../model/formation.ts';
import type { DynoId, DynoName, ProcessType } from '../model/ids.ts';
import type { ConfigVars, Release } from '../model/release.ts';
import { logDeed } from './api-event.ts';
import { parseOneOffCommand } from './one-off-command.ts';
import { OneOffDyno } from './one-off-dyno.ts';
import type { Platform } from './platform.ts';
import { dynoVars } from './dyno-vars.ts';

export interface OneOffOrder {
  /** As the client sends it. */
  readonly command: string;
  /** A client will come for its input and output; else these go to `/dev/null` and the app's log. */
  readonly attach: boolean;
  /** Over the config vars. `COLUMNS` and `LINES` are the size of the terminal. */
  readonly env: Readonly<Record<string, string>>;
  /** Attached, but with pipes for input and output. */
  readonly withoutTerminal: boolean;
  readonly size?: DynoSizeName;
  /** Default `run`. */
  readonly type?: ProcessType;
  /** Default: a day. */
  readonly timeToLiveMs?: number;
}

export interface StartedOneOff {
  readonly view: DynoView;
  /** For the attach URL; null for a detached one. */
  readonly secret: string | null;
}

const runType = 'run' as ProcessType;
const dayMs = 86_400_000;

/**
 * Runs one command in a dyno of its own, out of the slug and the config vars of the app's current release. An attached one
 * starts when its client comes. It is not part of the formation: releases and restarts leave it alone, and it ends with
 * the platform process. Source: https://devcenter.heroku.com/articles/one-off-dynos
 */
export async function runOneOff(
  app: App,
  order: OneOffOrder,
  actor: Actor,
  platform: Platform,
): Promise<StartedOneOff> {
  const release = await platform.store.releases.findCurrent(app.id);
  if (release?.slug == null) {
    throw new PlatformError('invalid_params', `${app.name} has no code yet. Deploy it first: git push heroku main`);
  }
  const { command, wantsStatus } = parseOneOffCommand(order.command, release.slug.processTypes);
  const configVars = await dynoVars(release.id, platform);
  const type = order.type ?? runType;
  const name = platform.oneOffs.newName(app.id, type);
  const spec = oneOffSpec(app, release, { name, type, command, configVars }, order);
  const terminal = order.attach && !order.withoutTerminal ? terminalOf(order.env) : null;
  const dyno = new OneOffDyno(spec, { wantsStatus, terminal }, platform, platform.oneOffs.limits);
  platform.oneOffs.add(dyno, order.timeToLiveMs ?? dayMs);
  logDeed(app, { action: 'dyno:run', event: `Starting process with command \`${command}\`` }, actor, platform);
  if (!order.attach) {
    // Answered at once, as on Heroku; how it goes is told by the log.
    platform.inBackground('one-off dyno', dyno.startDetached());
    return { view: dyno.view, secret: null };
  }
  const secret = platform.attachments.offer(dyno);
  dyno.awaitClient(() => {
    platform.attachments.withdraw(secret);
  });
  void dyno.ended.then(() => {
    platform.attachments.withdraw(secret);
  });
  return { view: dyno.view, secret };
}

/** A terminal of a client that does not tell its size has the one of terminals since the VT100. */
export function terminalOf(env: Readonly<Record<string, string>>): TerminalSize {
  const cells = (name: string, fallback: number): number => {
    const number = Number(env[name]);
    return Number.isInteger(number) && number >= 1 && number <= 65_535 ? number : fallback;
  };
  return { columns: cells('COLUMNS', 80), rows: cells('LINES', 24) };
}

function oneOffSpec(
  app: App,
  release: Release,
  dyno: { name: DynoName; type: ProcessType; command: string; configVars: ConfigVars },
  order: OneOffOrder,
): DynoSpec {
  if (release.slug === null) throw new Error(`Internal: release v${release.version} has no slug`);
  const { name, type, command, configVars } = dyno;
  return {
    id: randomUUID() as DynoId,
    appId: app.id,
    uid: app.uid,
    name,
    type,
    command,
    size: order.size ?? defaultDynoSize,
    releaseId: release.id,
    releaseVersion: release.version,
    slug: release.slug.sha256,
    port: null,
    env: dynoEnv({ name, port: null, configVars: { ...configVars, ...order.env } }),
  };
}
