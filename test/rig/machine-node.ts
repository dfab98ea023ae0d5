import { realpathSync } from 'node:fs';
import { it } from '@jest/globals';

/** Whether builds see a Node.js of this machine: one in somebody's home folder, as version managers put it, is hidden from them. */
const isVisible = ['/usr/local/bin/node', '/usr/bin/node'].some((path) => {
  try {
    return /^\/(usr|opt|nix)\//.test(realpathSync(path));
  } catch {
    return false;
  }
});
if (!isVisible)
  process.stderr.write(
    'skipped: tests that build with the Node.js of this machine, because it has none in /usr or /opt\n',
  );

/** `it`, where the machine has a Node.js that builds see. */
export const itWithNode = isVisible ? it : it.skip;
