import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import ssh2 from 'ssh2';
import { PlatformRig, type Answer } from '../rig/platform-rig.ts';

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start();
  await rig.createApp('guessed');
  const refused = await rig.api('PATCH', '/account', { new_password: 'correct horse' });
  if (refused.status !== 200) throw new Error(refused.body);
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

interface Sent {
  readonly authorization?: string;
  readonly method?: string;
  readonly body?: string;
}

/** A request from another address of the loopback network. */
function from(address: string, path: string, { authorization, method = 'GET', body }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/vnd.heroku+json; version=3',
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
    };
    const where = { host: '127.0.0.1', port: rig.port, localAddress: address, agent: false } as const;
    const outgoing = request({ ...where, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const grant = (code: string) =>
  JSON.stringify({ grant: { type: 'authorization_code', code }, client: { secret: 'made-up' } });

/** One guess each; `n` makes it another one. */
const doors: readonly [name: string, guess: (address: string, n: number) => Promise<Answer>][] = [
  ['the API, Bearer', (at, n) => from(at, '/apps', { authorization: `Bearer wrong-${n}` })],
  ['the API, Basic', (at, n) => from(at, '/apps', { authorization: basic('', `wrong-${n}`) })],
  [
    'git',
    (at, n) => from(at, '/guessed.git/info/refs?service=git-receive-pack', { authorization: basic('x', `w-${n}`) }),
  ],
  ['the exec manager', (at, n) => from(at, '/api/v2', { authorization: basic('guessed', `wrong-${n}`) })],
  ['the metrics', (at, n) => from(at, '/metrics', { authorization: `Bearer wrong-${n}` })],
  ['the exchange of codes', (at, n) => from(at, '/oauth/tokens', { method: 'POST', body: grant(`wrong-${n}`) })],
  [
    'the login by password',
    (at, n) =>
      from(at, '/oauth/authorizations', {
        method: 'POST',
        authorization: basic(`nobody-${n}@example.com`, 'wrong'),
        body: '{}',
      }),
  ],
];

async function guessTokens(address: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await from(address, '/apps', { authorization: `Bearer wrong-token-${n}` });
}

it.each(doors)('stops who guesses at %s, at all doors, and nobody else', async (_name, guess) => {
  const at = `127.9.0.${doors.findIndex(([, one]) => one === guess) + 1}`;
  await guessTokens(at, 27);
  const statuses: number[] = [];
  for (let n = 0; n < 3; n += 1) statuses.push((await guess(at, n)).status);
  expect(statuses).toEqual([401, 401, 401]);

  const stopped = await guess(at, 30);
  expect(stopped.status).toBe(429);
  expect(Number(stopped.headers['retry-after'])).toBeGreaterThan(20);
  expect(stopped.body).toMatch(/Too many wrong/);
  expect((await from(at, '/apps', { authorization: `Bearer ${rig.token}` })).status).toBe(429);
  expect((await from(at, '/guessed.git/info/refs?service=git-upload-pack')).status).toBe(401);
  expect((await from('127.8.0.1', '/apps', { authorization: `Bearer ${rig.token}` })).status).toBe(200);
});

it('counts the guesses at the present password of an account whose token somebody has', async () => {
  const account = (body: object, address: string) =>
    from(address, '/account', { method: 'PATCH', authorization: `Bearer ${rig.token}`, body: JSON.stringify(body) });
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    const guessed = await account({ new_password: 'mine from now on', password: `guess ${n}` }, `127.7.0.${n + 1}`);
    statuses.push(guessed.status);
  }
  expect(statuses).toEqual([...Array<number>(10).fill(403), 429, 429]);
  expect((await account({ name: 'Ada' }, '127.7.0.1')).status).toBe(200);
});

it('closes the connections of who guesses over SSH', async () => {
  const login = (username: string, address: string): Promise<string> =>
    new Promise((resolve) => {
      const client = new ssh2.Client();
      client.once('error', (error) => {
        resolve(error.message);
      });
      client.once('close', () => {
        resolve('closed');
      });
      const where = { host: '127.0.0.1', port: rig.port, localAddress: address, readyTimeout: 20_000 };
      client.connect({ ...where, username, password: 'guess' });
    });
  await guessTokens('127.6.0.1', 28);
  const answers: string[] = [];
  // Two tries each, for one user name: the second one of the second client is the first that is not listened to.
  for (let n = 0; n < 3; n += 1) answers.push(await login(`exec-${n}`, '127.6.0.1'));
  const refused = 'All configured authentication methods failed';
  expect(answers.map((answer) => answer === refused)).toEqual([true, false, false]);
  expect((await from('127.6.0.1', '/apps', { authorization: `Bearer ${rig.token}` })).status).toBe(429);
});

it('tells the operator from where, and writes no guess down', () => {
  const lines = rig.platformLog.split('\n').filter((line) => line.includes('too many wrong credentials'));
  expect(lines.map((line) => (JSON.parse(line) as { address: string }).address)).toContain('127.9.0.1');
  expect(rig.platformLog).not.toMatch(/wrong-\d|w-\d|guess \d|exec-\d/);
});
