import { expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { BuildRig } from './build-rig.ts';

const files = {
  'README.md': '',
  'services/web/requirements.txt': '',
  'services/web/Procfile': 'web: run\n',
  'other/a': '',
};
const buildpack = {
  'bin/detect': '[[ -f "$1/requirements.txt" ]] && echo Python',
  'bin/compile': 'ls "$1" > "$1/seen"',
};

it('builds the folder that PROJECT_PATH names, and says which there are when it names none', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', buildpack);
  const built = await rig.build(files, { configVars: { PROJECT_PATH: '/services/web/' } });
  expect(built.lines).toContain('-----> Building the folder services/web, which the config var PROJECT_PATH names');
  expect(built.slug.processTypes).toEqual({ web: 'run' });
  expect((await readdir(await rig.unpacked(built))).toSorted()).toEqual(['Procfile', 'requirements.txt', 'seen']);

  for (const path of ['services/api', '../services/web', 'services/../../x', 'README.md', 'services\u0000/web']) {
    const { outcome } = await rig.build(files, { configVars: { PROJECT_PATH: path } });
    const failure = { reason: 'project-path-invalid', path, folders: ['other', 'services'] };
    expect(outcome).toEqual({ status: 'failed', failure });
  }

  const elsewhere = { configVars: { PROJECT_PATH: 'services/api' }, buildpacks: ['./other'] };
  const kept = await rig.build({ ...files, 'other/bin/detect': '#!/bin/sh\necho Other\n' }, elsewhere);
  expect(kept.outcome).not.toMatchObject({ failure: { reason: 'project-path-invalid' } });
});
