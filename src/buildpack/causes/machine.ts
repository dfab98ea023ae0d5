import type { CauseRule } from './rule.ts';

/** The machine, or what the build may take of it, has run out. */
export const machine: readonly CauseRule[] = [
  {
    pattern: /No space left on device|Disk quota exceeded|\bENOSPC\b|os error 28/i,
    pick: 'first',
    next: 'The disk of the platform is full: free some space on it, then push again.',
    example: 'cp: error writing ‘x’: No space left on device',
  },
  {
    pattern:
      /out of memory|Cannot allocate memory|^\s*MemoryError\b|std::bad_alloc|java\.lang\.OutOfMemoryError|\bSIGKILL\b|signal 9\b|\bKilled\s*$|^\S.*: +\d+ Killed\b/i,
    pick: 'last',
    next: 'The build ran out of memory: build fewer things at once, or give the machine more memory.',
    example: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  },
  {
    pattern: /Resource temporarily unavailable|fork: retry|can't start new thread|Too many open files|\bEMFILE\b/,
    pick: 'first',
    next: 'The build has too many processes or open files at once: let it do fewer things side by side (such as make -j2).',
    example: './build.sh: fork: retry: Resource temporarily unavailable',
  },
];
