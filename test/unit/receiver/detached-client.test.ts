import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { expect, it } from '@jest/globals';
import { basic, ReceiverRig, token, until } from './receiver-rig.ts';

it('goes on with a deploy whose pusher was killed during the hook', async () => {
  await using rig = await ReceiverRig.start();
  const work = await rig.workTree();
  let finish: () => void = () => undefined;
  rig.onPush = async (_push, output, signal) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    // More than any pipe holds: nobody reads it, and nothing waits for that.
    for (let i = 0; i < 1_000; i++) output.write(`${'x'.repeat(1023)}\n`);
    expect(signal.aborted).toBe(false);
    return { status: 'accepted' };
  };

  const client = work.start('push', 'heroku', 'main');
  await until(() => rig.pushes.length === 1, 'the deploy runs');
  if (client.pid !== undefined) process.kill(-client.pid, 'SIGKILL');
  await new Promise((resolve) => client.once('close', resolve));
  finish();

  await until(async () => (await rig.refs()).includes('refs/heads/main'), 'the ref moved');
  await until(async () => (await rig.leftovers()).length === 0, 'nothing left');
});

it.each([
  ['is killed', { idleMs: undefined }, /^$/],
  ['falls silent', { idleMs: 300 }, /no data came for/],
])('drops a push whose client %s while it sends the pack', async (_how, limits, said) => {
  await using rig = await ReceiverRig.start(limits.idleMs === undefined ? {} : limits);
  const noise = randomBytes(300_000);
  const work = await rig.workTree({ 'noise.bin': noise });
  const request = await work.pushRequest();

  const socket = connect(rig.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString('latin1'))).on('error', () => undefined);
  socket.write(
    `POST /demo.git/git-receive-pack HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic(token)}\r\n` +
      `Content-Type: application/x-git-receive-pack-request\r\nContent-Length: ${request.length}\r\n\r\n`,
  );
  socket.write(request.subarray(0, request.length - 1000));
  await until(async () => (await rig.leftovers()).some((name) => name.startsWith('tmp_objdir')), 'git receives');
  if (limits.idleMs === undefined) socket.destroy();
  await new Promise((resolve) => socket.once('close', resolve));
  expect(answer).toMatch(said);

  await until(async () => (await rig.leftovers()).length === 0, 'nothing left');
  expect(rig.pushes).toEqual([]);
  expect(await rig.refs()).toEqual([]);
});

it('tells the pusher when the platform stops during a deploy, and leaves nothing behind', async () => {
  await using rig = await ReceiverRig.start({ closeGraceMs: 300 });
  const work = await rig.workTree();
  let aborted = false;
  rig.onPush = (_push, output, signal) => {
    output.write('-----> Building\n');
    signal.addEventListener('abort', () => (aborted = true));
    return new Promise(() => undefined); // a build that does not listen
  };

  const push = work.git('push', 'heroku', 'main');
  await until(() => rig.pushes.length === 1, 'the deploy runs');
  await rig.close();

  const { exitCode, text } = await push;
  expect(exitCode).toBe(1);
  expect(aborted).toBe(true);
  expect(text).toContain('remote:  !     The platform stopped during this push; nothing was deployed, push again.');
  expect(text).toContain('(pre-receive hook declined)');
  expect(await rig.refs()).toEqual([]);
  expect(await rig.leftovers()).toEqual([]);
});
