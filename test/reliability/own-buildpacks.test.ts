import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { platformEnvironment } from '../../src/config/platform-environment.ts';
import { HokkuCommand } from '../rig/hokku-command.ts';
import { checkout } from '../rig/platform-rig.ts';

const order = JSON.parse(await readFile(join(checkout, 'buildpacks/order.json'), 'utf8')) as {
  readonly buildpacks: readonly { readonly path: string }[];
};
const names = order.buildpacks.map(({ path }) => path);

it.each(names)('passes the cases of the buildpack %s in the workbench', async (name) => {
  const dir = await mkdtemp(join(tmpdir(), 'own-'));
  try {
    const network = platformEnvironment(process.env);
    const args = ['buildpack', 'test', join(checkout, 'buildpacks', name), '--jobs', '2'];
    const { exitCode, stdout, complaint } = await new HokkuCommand(dir, args, network).ended;
    expect({ exitCode, stdout, complaint }).toMatchObject({ exitCode: 0 });
  } finally {
    await rm(dir, { recursive: true });
  }
});
