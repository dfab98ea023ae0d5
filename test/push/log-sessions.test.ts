/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());

/** A reading of a session, as it comes. */
class Reading implements Disposable {
  text = '';
  hasEnded = false;
  status = 0;
  type = '';
  readonly #outgoing;

  constructor(path: string, headers: Readonly<Record<string, string>>) {
    this.#outgoing = request({ host: '127.0.0.1', port: rig.port, path, headers });
    this.#outgoing.on('error', () => undefined);
    this.#outgoing.on('response', (response: IncomingMessage) => {
      this.status = response.statusCode ?? 0;
      this.type = response.headers['content-type'] ?? '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        this.text += chunk;
      });
      response.on('error', () => undefined);
      response.once('close', () => {
        this.hasEnded = true;
      });
    });
    this.#outgoing.end();
  }

  async until(what: string, check: (reading: this) => boolean, timeoutMs?: number): Promise<void> {
    await eventually(what, () => Promise.resolve(check(this)), timeoutMs).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${this.status} ${JSON.stringify(this.text)}`);
    });
  }

  [Symbol.dispose](): void {
    this.#outgoing.destroy();
  }
}

const events = { accept: 'text/event-stream' };

async function openSession(app: RigApp, body: object): Promise<string> {
  const { json } = await rig.api('POST', `/apps/${app.name}/log-sessions`, body);
  return new URL((json as { logplex_url: string }).logplex_url).pathname;
}

async function say(app: RigApp, isOn: boolean): Promise<void> {
  await rig.api('PATCH', `/apps/${app.name}`, { maintenance: isOn });
}

it('keeps a tail alive that has nothing to say, resumes it, and ends it with its app', async () => {
  const app = await rig.createApp();
  const path = await openSession(app, { lines: 1, tail: true });
  const chunked = await openSession(app, { lines: 1, tail: true });
  let id: string | undefined;
  {
    using tail = new Reading(path, events);
    using old = new Reading(chunked, {});
    await tail.until('the ping', ({ text }) => text.includes('\n: ping\n\n'));
    await say(app, true);
    await tail.until('the line', ({ text }) => text.includes('Maintenance mode on'));
    await old.until('the line as text', ({ text }) => text.includes('Maintenance mode on'));
    expect([tail.type, old.type]).toEqual(['text/event-stream', 'text/plain; charset=utf-8']);
    expect(old.text).toMatch(/^(\S+ app\[api\]: .+\n){2}$/);
    id = /^id: (\d+)$/gm.exec(tail.text.slice(tail.text.lastIndexOf('\nid: ') + 1))?.[1];
  }
  await say(app, false);
  // Who has read a line has it from the disk; one that nobody has read yet may go with the process.
  await eventually('the line on disk', async () => (await app.logs()).join().includes('Maintenance mode off'));
  await rig.killServer();
  await rig.startServer();
  using again = new Reading(path, { ...events, 'last-event-id': id ?? '' });
  await again.until('the line that was missed', ({ text }) => text.includes('Maintenance mode off'));
  expect(again.text.match(/^data: /gm)).toHaveLength(1);
  await rig.api('DELETE', `/apps/${app.name}`);
  await again.until('the end', ({ hasEnded }) => hasEnded);
  using stale = new Reading(path, events);
  await stale.until('the answer', ({ hasEnded }) => hasEnded);
  expect(stale.status).toBe(404);
  using foreign = new Reading('/sessions/of-nobody', events);
  await foreign.until('the answer', ({ hasEnded }) => hasEnded);
  expect([foreign.status, foreign.text]).toEqual([404, stale.text]);
});

itWithCli('the official CLI stops tailing when the app is gone', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  const app = await rig.createApp();
  const tail = cli.start(['logs', '--tail', '--app', app.name], app.dir);
  let output = '';
  for (const stream of [tail.stdout, tail.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => tail.once('close', resolve));
  await eventually('the backlog', () => Promise.resolve(output.includes('Enable Logplex')));
  await rig.api('DELETE', `/apps/${app.name}`);
  expect(await ended).toBe(1);
  expect(output).toContain('Log stream timed out. Please try again.');
});
