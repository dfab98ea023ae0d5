import { readFileSync } from 'node:fs';

/** Differs from one start of the machine to the next. Source: random(4), /proc/sys/kernel/random/boot_id */
export const bootId: string = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();

/** False for what ran before the machine was started: whatever its pid is now, it is another process. */
export function isOfThisBoot(record: { readonly bootId?: string }): boolean {
  return record.bootId === undefined || record.bootId === bootId;
}
