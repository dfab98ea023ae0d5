import { expect, it } from '@jest/globals';
import { fuzzEverything } from '../rig/fuzz/fuzz-everything.ts';

/** The same each time; test/reliability/fuzz.test.ts goes on with others. */
it('stays well whatever bytes are sent to it: git, API, router, SSH, TLS, archives and files of apps', async () => {
  expect(await fuzzEverything(1, 40)).toEqual({});
});
