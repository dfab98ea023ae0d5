import type { DynoSizeName } from '../model/formation.ts';
import type { DynoName, ProcessType } from '../model/ids.ts';
import type { Release } from '../model/release.ts';

/** One dyno that should run: what, and out of which release. Each (re)start of it is a `Dyno`. */
export interface DynoPlan {
  readonly name: DynoName;
  readonly type: ProcessType;
  readonly command: string;
  readonly size: DynoSizeName;
  readonly release: Release;
}

export function isWeb(plan: { readonly type: ProcessType }): boolean {
  return plan.type === 'web';
}

/** The n of `web.n`. */
export function dynoNumber(name: DynoName): number {
  return Number(name.slice(name.lastIndexOf('.') + 1));
}
