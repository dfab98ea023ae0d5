import type { DynoSpec } from '../model/dyno.ts';
import { dynoSizes, type DynoSize } from '../model/formation.ts';

export function sizeOf(spec: DynoSpec): DynoSize {
  const size = dynoSizes.find(({ name }) => name === spec.size);
  if (!size) throw new Error(`Internal: there is no dyno size ${spec.size}`);
  return size;
}
