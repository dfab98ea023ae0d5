import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { probeSandbox, runInSandbox, type SandboxRung } from '../../../src/supervisor/index.ts';
import { BuildRig } from './build-rig.ts';

const rungs: readonly SandboxRung[] = ['bwrap', 'unshare', 'process'];

it.each(rungs)('builds in the %s sandbox with folders as on Heroku', async (want) => {
  await using rig = await BuildRig.open();
  const sandbox = await probeSandbox({ hide: [rig.dir], want }).catch((error: unknown) => String(error));
  if (typeof sandbox === 'string') {
    process.stderr.write(`skipped: ${sandbox}\n`);
    return;
  }
  await rig.addBuildpack('python', {
    'bin/detect': 'echo Python',
    'bin/compile': [
      'echo "folders $1 $2 $3"; echo "home $HOME"; echo a > "$2/new"; ln "$2/new" "$1/linked" && mv "$1/moved" "$2/moved"',
      'mkdir ~/.heroku && ln -s "$1" ~/.heroku/x; echo x > /tmp/fixed-name; cat "$3/KEY"; (setsid sleep 300 &)',
      '[[ -w . && -x bin/detect ]] && echo export A=1 > export; touch "$1/owned"; echo; ls "$2"',
    ].join('\n'),
  });

  const startedAt = performance.now();
  const built = await rig.build({ moved: '' }, { configVars: { KEY: 'value' } }, { sandbox, runInSandbox });

  const tmp = sandbox.hasPrivatePaths ? '/tmp' : '/.*/builds/b-1/tmp';
  expect(built.text).toMatch(
    new RegExp(`^folders ${tmp}/build_[0-9a-f]{8} ${tmp}/codon/tmp/cache ${tmp}/d\\d{8}-\\d+-[0-9a-f]+$`, 'm'),
  );
  expect(built.text).toMatch(sandbox.hasPrivatePaths ? /^home \/app$/m : /^home \/.*\/builds\/b-1\/home$/m);
  expect(built.lines).toEqual(expect.arrayContaining(['value', 'moved', 'new']));
  expect(await readFile(join(await rig.unpacked(built), 'linked'), 'utf8')).toBe('a\n');
  // What it left running did not hold it up.
  expect(performance.now() - startedAt).toBeLessThan(60_000);
});
