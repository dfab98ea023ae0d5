import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import type { CanarySearch } from '../rig/canaries.ts';
import { CanaryDay } from '../rig/canary-day.ts';
import * as doors from '../rig/canary-doors.ts';
import { leakedSecrets } from '../rig/leaked-secrets.ts';
import { eventually } from '../rig/platform-rig.ts';
import { missingPostgres, startPostgres } from '../rig/postgres.ts';

const { secrets } = doors;

/** What may be where, and why. */
const byDesign: readonly { readonly canary: RegExp; readonly place: RegExp; readonly why: string }[] = [
  { canary: /^config var|^database/, place: /^answer (GET|PATCH) \/\S+\/config-vars 200/, why: 'asked for' },
  {
    canary: /^config var|^database/,
    place: /^environment of \d+ [^]*(server\.py|sleep 3|for hokku_script)/,
    why: 'of the app itself',
  },
  {
    canary: /^one-off/,
    place: /^environment of \d+ [^]*(sleep 3|for hokku_script)/,
    why: 'of the one-off dyno itself',
  },
  { canary: /token$/, place: /^answer POST \/oauth\/authorizations 201/, why: 'shown once' },
  {
    canary: /^client secret/,
    place: /^answer (GET|POST) \/oauth\/clients 20/,
    why: 'shown to its owner, as by Heroku',
  },
  { canary: / of a drain/, place: /^answer (GET|POST) \/\S+\/log-drains 20/, why: 'shown to who operates the app' },
  { canary: /of a webhook URL/, place: /^answer (GET|POST) \/\S+\/webhooks 20/, why: 'shown to who operates the app' },
  { canary: /^secret of a webhook/, place: /^answer POST \/\S+\/webhooks 201/, why: 'shown once, as by Heroku' },
  {
    canary: /^push option/,
    place:
      /^((command line|environment of \d+) (\S*git|\/usr)\S* (send-pack|push) |environment of \d+ \/bin\/sh \S*\/hooks\/pre-receive)/,
    why: "the pusher's git, and the hook that git gives it to",
  },
  { canary: /^operator's token/, place: /^environment of \d+ \S*git /, why: "the pusher's git" },
  { canary: /^operator's token/, place: /^environment of \d+ \/\S+\/git-core\//, why: "the pusher's git" },
  { canary: /^operator's token/, place: /^environment of \d+ \S+ \S+main\.js /, why: 'a setting of the server' },
  { canary: /^new secret key/, place: /^data\/secret-key$/, why: 'where it is kept' },
  { canary: /^new secret key/, place: /^shelf\/with-key\.tar$/, why: 'a backup that was asked to have it' },
  { canary: /^new secret key/, place: /^shelf\/restored\/secret-key$/, why: 'where the restored platform keeps it' },
  {
    canary: /^config var$|^database/,
    place: /^output of ((heroku|hokku) config|heroku releases:info)$/,
    why: 'asked for',
  },
  {
    canary: /^operator's token|^wrong password/,
    place: /^environment of \d+ (\S*node (-\S+ )*\S+\/heroku\/bin\/run\.js|sh -c eval|\/bin\/sh -c git) /,
    why: "the operator's own shell",
  },
  { canary: / of a drain/, place: /^output of heroku drains$/, why: 'asked for by who operates the app' },
  { canary: /of a webhook URL/, place: /^output of heroku webhooks$/, why: 'asked for by who operates the app' },
];

const ofDatabase: typeof byDesign = [
  {
    canary: /^password of the platform/,
    place: /^environment of \d+ \S+ \S+main\.js /,
    why: 'a setting of the server',
  },
];

it('keeps the secrets of a day where they belong', async () => {
  await using day = await CanaryDay.begin(null);
  await expectSecretsKept(day, byDesign);
}, 240_000);

const withPostgres = missingPostgres() === null ? it : it.skip;
withPostgres(
  'keeps them on PostgreSQL as well, and the password of the database too',
  async () => {
    await using server = await startPostgres();
    if (server === null) throw new Error('no PostgreSQL');
    await using day = await CanaryDay.begin({ server, password: secrets.platformDatabase.text });
    await expectSecretsKept(day, [...byDesign, ...ofDatabase]);
  },
  240_000,
);

/** Puts every secret through its door, and looks for all of them. */
async function expectSecretsKept(day: CanaryDay, allowed: typeof byDesign): Promise<void> {
  await doors.useConfigVars(day);
  await doors.useAccounts(day);
  await doors.useWebhooksAndDrains(day);
  await doors.useCertificate(day);
  await doors.usePushes(day);
  await doors.useSources(day);
  await doors.useOneOff(day);
  await doors.useWrongBodies(day);
  await doors.useClients(day);
  await useOperator(day);
  await plant(day);
  await readEverything(day);
  await day.rig.terminateServer();
  const { sightings } = day.search(Object.values(secrets));
  // What every rig looks for at its end, it finds.
  const copy = join(day.rig.home, 'tmp', 'copy.txt');
  await writeFile(copy, day.rig.token);
  expect(await leakedSecrets(day.rig)).toEqual([copy]);
  await rm(copy);

  expectPlanted(sightings);
  const isExpected = ({ canary, place }: (typeof sightings)[number]): boolean =>
    canary === secrets.planted.name || allowed.some((one) => one.canary.test(canary) && one.place.test(place));
  expect(sightings.filter((sighting) => !isExpected(sighting))).toEqual([]);
  // Each was really used: what may be somewhere is there.
  const isSeen = (one: (typeof byDesign)[number]): boolean =>
    sightings.some(({ canary, place }) => one.canary.test(canary) && one.place.test(place));
  expect(allowed.filter((one) => !isSeen(one))).toEqual([]);
}

/** The search finds what is there: in every kind of place, however it is written. */
function expectPlanted(sightings: CanarySearch['sightings']): void {
  const planted = sightings.filter(({ canary }) => canary === secrets.planted.name);
  const places = [
    /^answer GET \/\S+ 200$/,
    /^sent to \/drain$/,
    /^command line/,
    /^environment of/,
    /^data\/planted.txt$/,
    /^data\/logs\//,
    /^tmp\/planted.gz \(unpacked\)$/,
  ];
  expect(places.filter((place) => !planted.some((one) => place.test(one.place)))).toEqual([]);
  expect(new Set(planted.map(({ form }) => form))).toEqual(new Set(['as it is', 'hex', 'base64']));
}

async function useOperator(day: CanaryDay): Promise<void> {
  const operate = async (...args: readonly string[]): Promise<void> => {
    const { exitCode, stdout, stderr } = await day.rig.operate(args).ended;
    day.printed.push({ what: args[0] ?? '', text: stdout + stderr });
    if (exitCode !== 0) throw new Error(`hokku ${args.join(' ')} failed: ${stderr}`);
  };
  const backup = join(day.shelf, 'backup.tar');
  await operate('backup', '--logs', backup);
  await day.rig.killServer();
  await operate('key:rotate');
  await day.noteSecretKey('new secret key');
  await day.rig.startServer();
  await operate('disk');
  const refused = await day.rig.operate([
    'restore',
    backup,
    '--data',
    join(day.shelf, 'data'),
    '--key-file',
    join(day.rig.dataDir, 'secret-key'),
  ]).ended;
  expect(refused.exitCode).toBe(1);
  const withKey = join(day.shelf, 'with-key.tar');
  await operate('backup', '--with-key', withKey);
  // Beside the platform's database there is no other one to restore into.
  const restored = await day.rig.operate(['restore', withKey, '--data', join(day.shelf, 'restored')], {
    HOKKU_DATABASE_URL: '',
  }).ended;
  if (restored.exitCode !== 0) throw new Error(`hokku restore failed: ${restored.stderr}`);
  day.printed.push({ what: 'restore with a key', text: restored.stdout + restored.stderr });
  day.printed.push({ what: 'restore', text: refused.stdout + refused.stderr });
}

/** What shows that the search can find something in each place. */
async function plant(day: CanaryDay): Promise<void> {
  const { text } = secrets.planted;
  // The app prints it, in three forms, each beginning elsewhere in a group of base64.
  const said = [
    text,
    Buffer.from(text).toString('hex'),
    ...['', 'a', 'ab'].map((before) => Buffer.from(before + text).toString('base64')),
  ];
  const body = Buffer.from(`${said.join('\n')}\n`).toString('base64');
  await eventually(
    'the app',
    async () => (await day.rig.request(day.app.host, '/', { method: 'POST', body })).status === 200,
  );
  await eventually('its log', async () => (await day.app.logs()).some((line) => line.includes(said.at(-1) ?? '')));
  await eventually('its drain', () =>
    Promise.resolve(day.receiver.requests.some((request) => request.body.includes(text))),
  );
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 60_000)', text], {
    env: { HOME: day.rig.home, PLANTED: text },
    stdio: 'ignore',
  });
  await eventually('the process to be seen', () =>
    Promise.resolve([...day.watched.environments.values()].some((environment) => environment.includes(text))),
  );
  child.kill('SIGKILL');
  await writeFile(join(day.rig.dataDir, 'planted.txt'), text);
  await writeFile(join(day.rig.home, 'tmp', 'planted.gz'), gzipSync(`before ${text} after`));
}

/** Asks for all that the platform tells of an app. */
async function readEverything(day: CanaryDay): Promise<void> {
  const here = [
    '',
    '/releases',
    '/builds',
    '/dynos',
    '/formation',
    '/log-drains',
    '/webhooks',
    '/webhook-deliveries',
    '/webhook-events',
  ];
  const more = [
    '/sni-endpoints',
    '/domains',
    '/audit',
    '/config-vars',
    '/buildpack-installations',
    '/features',
    '/collaborators',
  ];
  for (const path of [...here, ...more]) await day.rig.api('GET', `/apps/canary${path}`);
  for (const path of [
    '/apps',
    '/account',
    '/account/keys',
    '/audit',
    '/oauth/authorizations',
    '/oauth/clients',
    '/disk',
  ])
    await day.rig.api('GET', path);
  await day.rig.request('localhost', '/metrics', { headers: { authorization: `Bearer ${day.rig.token}` } });
}
