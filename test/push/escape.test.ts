import { expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { attempts, expectedAnswer } from '../rig/escape/attempts.ts';
import { compileEscape } from '../rig/escape/compile-escape.ts';
import { eventually, PlatformRig, sandboxSetting } from '../rig/platform-rig.ts';
import { tinyApp } from '../rig/tiny-app.ts';

const { HOKKU_SANDBOX: choice } = sandboxSetting();
const rung = choice === 'process' || choice === 'none' ? 'process' : 'bwrap';
/** What outlives its end is looked for where the end can be seen: in the unit test of the same name. */
const expected = attempts
  .filter(({ name }) => name !== 'daemon')
  .map((attempt) => `${attempt.name}: ${expectedAnswer(attempt, rung)}`);

it('lets neither a build nor a dyno out of its sandbox', async () => {
  await using rig = await PlatformRig.start();
  await using service = await listen();
  const app = await rig.createApp();
  const program = join(rig.home, 'escape');
  await compileEscape(program);
  const secret = join(rig.dataDir, 'secret-key');
  // The attempt to read it would be denied anywhere if it were not there.
  expect(await readFile(secret)).not.toHaveLength(0);
  const attempt = `cp escape try && chmod +x try && ./try '${secret}' ${rig.lastPid} ${service.port}`;
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

/** A service of the machine, on loopback only. */
async function listen(): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}
