import { defaultDynoSize, type FormationEntry } from '../model/formation.ts';
import type { AppId, DynoName, ProcessType } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import type { Store } from '../store/index.ts';
import type { DynoPlan } from './dyno-plan.ts';

type Entry = Pick<FormationEntry, 'type' | 'quantity' | 'size'>;

/** The types of a release that run in a formation, in the order of its Procfile. `release` has a phase of its own. */
function formationTypes(release: Release): readonly (readonly [ProcessType, string])[] {
  const types = Object.entries(release.slug?.processTypes ?? {}) as [ProcessType, string][];
  return types.filter(([type]) => type !== 'release');
}

/** `web` runs from its first deploy on, everything else waits to be scaled up. */
function quantityAtFirst(type: ProcessType): number {
  return type === 'web' ? 1 : 0;
}

/** Every dyno that should run once this release is live, by type and number. Types without an entry yet have their first quantity. */
export function wantedDynos(release: Release, entries: readonly Entry[]): readonly DynoPlan[] {
  return formationTypes(release).flatMap(([type, command]) => {
    const entry = entries.find((one) => one.type === type);
    const size = entry?.size ?? defaultDynoSize;
    return Array.from({ length: entry?.quantity ?? quantityAtFirst(type) }, (_, index) => {
      return { name: `${type}.${index + 1}` as DynoName, type, command, size, release };
    });
  });
}

/** Brings the entries in line with the types of a release that goes live: new ones are added, those that left are removed. */
export async function applyFormation(store: Store, appId: AppId, release: Release): Promise<void> {
  const types = formationTypes(release).map(([type]) => type);
  await store.transaction(async (tx) => {
    const present = (await tx.formation.list(appId)).map((entry) => entry.type);
    for (const type of types) {
      if (present.includes(type)) continue;
      await tx.formation.set(appId, type, { quantity: quantityAtFirst(type), size: defaultDynoSize });
    }
    for (const type of present) {
      if (!types.includes(type)) await tx.formation.remove(appId, type);
    }
  });
}

/** Place of a type in the Procfile; types that are not in it come last. */
export function typeOrder(release: Release | null, type: ProcessType): number {
  const place = release === null ? -1 : formationTypes(release).findIndex(([one]) => one === type);
  return place === -1 ? Number.MAX_SAFE_INTEGER : place;
}
