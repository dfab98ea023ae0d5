import { compilers } from './compilers.ts';
import { machine } from './machine.ts';
import { connections, network } from './network.ts';
import { packages } from './packages.ts';
import type { CauseRule } from './rule.ts';
import { scripts } from './scripts.ts';

/** What a script says of itself when nothing more telling was printed. */
const others: readonly CauseRule[] = [
  {
    pattern: /^(?: ! {1,8})?(?:Error|ERROR|error)\b/,
    pick: 'last',
    next: 'Do what the output above says about it, commit, and push again.',
    example: 'Error: no app.py',
  },
];

/** The families, most telling first: what explains the others comes before them. */
export const causeRules: Readonly<Record<string, readonly CauseRule[]>> = {
  machine,
  network,
  packages,
  compilers,
  scripts,
  connections,
  others,
};
