import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { removeTree } from '../../../src/lib/remove-tree.ts';

it('removes folders that are nested deeper than a path can be long, or closed, or oddly named', async () => {
  const root = await mkdtemp(join(tmpdir(), 'hokku-remove-'));
  const nest = 'cd "$1" && for n in {1..600}; do mkdir aaaaaaaaaaaa && cd aaaaaaaaaaaa || exit 1; done';
  expect(spawnSync('/bin/bash', ['-c', nest, 'nest', root]).status).toBe(0);
  const close = "cd \"$1\" && mkdir -p $'odd\\377'/in && touch $'odd\\377'/in/file && chmod 0 $'odd\\377'";
  expect(spawnSync('/bin/bash', ['-c', close, 'close', root]).status).toBe(0);

  await removeTree(root);

  await expect(readdir(root)).rejects.toThrow('ENOENT');
});
