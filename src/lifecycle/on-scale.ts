import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import { defaultDynoSize, dynoSizes, type DynoSizeName, type FormationEntry } from '../model/formation.ts';
import type { ProcessType } from '../model/ids.ts';
import { logApiEvent } from './api-event.ts';
import type { Platform } from './platform.ts';

export interface ScaleUpdate {
  readonly type: ProcessType;
  /** An absolute number, or a change of the present one. */
  readonly quantity?: { readonly to: number } | { readonly by: number };
  readonly size?: DynoSizeName;
}

/** Source: https://devcenter.heroku.com/articles/limits#dynos */
const maxDynosPerType = 100;

/** Changes the formation: all updates or none. Resolves with the whole formation once it is stored; dynos follow in the background. */
export async function onScale(
  app: App,
  updates: readonly ScaleUpdate[],
  actor: Actor,
  platform: Platform,
): Promise<readonly FormationEntry[]> {
  const release = await platform.store.releases.findCurrent(app.id);
  const types = new Set(Object.keys(release?.slug?.processTypes ?? {}));
  const formation = await platform.store.transaction(async (tx) => {
    const before = await tx.formation.list(app.id);
    for (const update of updates) {
      if (!types.has(update.type) || update.type === 'release') {
        throw new PlatformError('not_found', `Couldn't find that process type (${update.type}).`, {
          resource: 'formation',
        });
      }
      const present = before.find((entry) => entry.type === update.type)?.quantity ?? 0;
      const quantity = wantedQuantity(update, present);
      await tx.formation.set(app.id, update.type, {
        quantity,
        ...(update.size === undefined ? {} : { size: update.size }),
      });
    }
    return tx.formation.list(app.id);
  });
  if (updates.length > 0) {
    logApiEvent(app.id, `Scaled to ${describeFormation(formation)}`, actor, platform);
    platform.inBackground('scale', platform.formation.scale(app));
  }
  return formation;
}

function wantedQuantity(update: ScaleUpdate, present: number): number {
  const wanted =
    update.quantity === undefined
      ? present
      : 'to' in update.quantity
        ? update.quantity.to
        : present + update.quantity.by;
  if (!Number.isInteger(wanted) || wanted < 0) {
    throw new PlatformError(
      'invalid_params',
      `Can't scale ${update.type} to ${wanted}. Give a whole number from 0 to ${maxDynosPerType}.`,
    );
  }
  if (wanted > maxDynosPerType) {
    throw new PlatformError(
      'invalid_params',
      `Can't scale ${update.type} to ${wanted}: at most ${maxDynosPerType} dynos per process type.`,
    );
  }
  return wanted;
}

/** `console@0:Basic web@1:Basic`, alphabetical as on Heroku. */
function describeFormation(formation: readonly FormationEntry[]): string {
  const label = (size: DynoSizeName): string =>
    dynoSizes.find((known) => known.name === size)?.label ?? defaultDynoSize;
  return formation
    .toSorted((a, b) => (a.type < b.type ? -1 : 1))
    .map((entry) => `${entry.type}@${entry.quantity}:${label(entry.size)}`)
    .join(' ');
}
