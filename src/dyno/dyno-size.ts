import type { DynoSpec } from '../model/dyno.ts';
import { dynoSizes, type DynoSize } from '../model/formation.ts';

/** Of a dyno of the smallest sizes. */
const smallestMb = 512;

/** `diskBytes`: what a dyno of 512 MB may write; the others as much more as they have more memory. */
export function diskLimit(spec: DynoSpec, diskBytes: number): number {
  return Math.floor((diskBytes * sizeOf(spec).memoryMb) / smallestMb);
}

export function sizeOf(spec: DynoSpec): DynoSize {
  const size = dynoSizes.find(({ name }) => name === spec.size);
  if (!size) throw new Error(`Internal: there is no dyno size ${spec.size}`);
  return size;
}
