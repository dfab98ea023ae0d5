import { expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempts, expectedAnswer } from '../rig/escape/attempts.ts';
import { machineAddress } from '../rig/escape/machine-address.ts';
import { compileEscape } from '../rig/escape/compile-escape.ts';
import { listen } from '../rig/machine-service.ts';
import { eventually, PlatformRig, sandboxSetting } from '../rig/platform-rig.ts';
import { tinyApp } from '../rig/tiny-app.ts';

const { HOKKU_SANDBOX: choice } = sandboxSetting();
const rung = choice === 'process' || choice === 'none' ? 'process' : 'bwrap';
const hasNft = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].some((file) => existsSync(file));
/** Without nft the suite sees the lower rung, whose answers are others. */
const hasNetwork = rung !== 'process' && hasNft && process.getuid?.() === 0;
/** What outlives its end is looked for where the end can be seen: in the unit test of the same name. */
const expected = attempts
  .filter(({ name }) => name !== 'daemon')
  .map((attempt) => `${attempt.name}: ${expectedAnswer(attempt, rung, hasNetwork)}`);

it('lets neither a build nor a dyno out of its sandbox', async () => {
  await using rig = await PlatformRig.start();
  await using service = await listen('127.0.0.1');
  await using onAll = await listen('0.0.0.0');
  const other = await neighbour(rig);
  const app = await rig.createApp();
  const program = join(rig.home, 'escape');
  await compileEscape(program);
  const secret = join(rig.dataDir, 'secret-key');
  // The attempt to read it would be denied anywhere if it were not there.
  expect(await readFile(secret)).not.toHaveLength(0);
  const attempt = [
    `cp escape try && chmod +x try && ./try '${secret}' ${rig.lastPid} ${service.port} ${onAll.port} ${machineAddress()}`,
    `${other.address} ${other.port} '${rig.dataDir}/run/platform.sock' '${other.note}' ${other.pid}`,
  ].join(' ');
  await app.write({
    ...tinyApp('1', `web: ${attempt}; exec python server.py\n`),
    'bin/post_compile': `${attempt}\n`,
    escape: await readFile(program),
  });
  await app.commit();

  const push = await app.push();
  const dynoLines = await eventually('the end of the attempts', async () => {
    const lines = await app.logs({ dyno: 'web.1' });
    return lines.some((line) => line.endsWith('listening')) && lines;
  });

  expect(push).toMatchObject({ exitCode: 0 });
  expect(answersIn(push.remoteLines)).toEqual(expected);
  expect(answersIn(dynoLines)).toEqual(expected);
});

function answersIn(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const [, name, answer] = /([\w-]+)\t(denied|done)$/.exec(line) ?? [];
    return name === undefined || answer === undefined ? [] : [`${name}: ${answer}`];
  });
}

/** Another app, whose dyno runs, and what a spy would have to know of it. */
async function neighbour(rig: PlatformRig): Promise<{ address: string; port: number; note: string; pid: number }> {
  const app = await rig.createApp();
  await app.write(tinyApp('1', 'web: echo mine > note; exec python server.py\n'));
  await app.commit();
  expect(await app.push()).toMatchObject({ exitCode: 0 });
  await eventually('its first answer', async () => (await app.get()).status === 200);
  const [id = ''] = await readdir(join(rig.dataDir, 'dynos'));
  const dyno = JSON.parse(await readFile(join(rig.dataDir, 'dynos', id, 'dyno.json'), 'utf8')) as {
    readonly address?: string;
    readonly spec: { readonly port: number };
    readonly supervisor: { readonly pid: number };
  };
  expect(dyno.address !== undefined).toBe(hasNetwork);
  let { pid } = dyno.supervisor;
  for (let child: string | undefined = String(pid); child !== undefined && child !== '';) {
    pid = Number(child);
    [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
  }
  const note = join(rig.dataDir, 'dynos', id, 'upper', 'note');
  return { address: dyno.address ?? '127.0.0.1', port: dyno.spec.port, note, pid };
}
