import { eventually } from './platform-rig.ts';
import { newCanary, type Canary } from './canaries.ts';
import type { CanaryDay } from './canary-day.ts';
import { makeCertificate } from './certificate.ts';
import { open, untilEnded, type BuildJson } from './deploys.ts';
import { HerokuCli, installHerokuCli } from './heroku-cli.ts';
import { pushTiny } from './tiny-app.ts';

/** Under the name of what each is used as. */
export const secrets = {
  configVar: newCanary('config var'),
  configVarOfSetup: newCanary('config var of an app.json'),
  platformDatabase: newCanary("password of the platform's database"),
  databasePassword: newCanary('database password'),
  oneOff: newCanary('one-off variable'),
  accountPassword: newCanary('account password'),
  newPassword: newCanary('new account password'),
  wrongPassword: newCanary('wrong password'),
  sourceUser: newCanary('password of a source URL'),
  sourceQuery: newCanary('query of a source URL'),
  buildpackUrl: newCanary('password of a buildpack URL'),
  drainUrl: newCanary('password of a drain URL'),
  drainPath: newCanary('path of a drain URL'),
  webhookUrl: newCanary('password of a webhook URL'),
  webhookSecret: newCanary('secret of a webhook'),
  webhookAuthorization: newCanary('authorization of a webhook'),
  sshKey: newCanary('private SSH key'),
  badBody: newCanary('body that is refused'),
  pushOption: newCanary('push option'),
  pipelineVar: newCanary('config var of a pipeline'),
  planted: newCanary('planted'),
};

export async function useConfigVars(day: CanaryDay): Promise<void> {
  const url = `postgres://ada:${secrets.databasePassword.text}@127.0.0.1:5432/app`;
  const path = '/apps/canary/config-vars';
  await day.call('PATCH', path, { SECRET: secrets.configVar.text, DATABASE_URL: url });
  await day.call('PATCH', path, { NESTED: { value: secrets.badBody.text } }, 422);
  await day.call('PATCH', path, { 'NOT A NAME': secrets.badBody.text }, 422);
  await day.call('PATCH', path, { PORT_: `${secrets.badBody.text}\0` }, 422);
  await day.call('GET', path);
  const { id } = (await day.call('POST', '/pipelines', { name: 'canary' }, 201)) as { id: string };
  await day.call('PATCH', `/pipelines/${id}/stage/review/config-vars`, { SECRET: secrets.pipelineVar.text });
}

export async function useAccounts(day: CanaryDay): Promise<void> {
  const [before, after] = [secrets.accountPassword.text, secrets.newPassword.text];
  await day.call('POST', '/accounts', { email: 'ada@example.com', password: before }, 201);
  await day.call('POST', '/accounts', { email: 'bob@example.com', password: 'x' }, 422);
  const as = (password: string) => ({
    authorization: `Basic ${Buffer.from(`ada@example.com:${password}`).toString('base64')}`,
  });
  await day.call('POST', '/oauth/authorizations', { description: 'ada' }, 401, as(secrets.wrongPassword.text));
  const token = await day.rig.api('POST', '/oauth/authorizations', { description: 'ada' }, as(before));
  const { access_token: access } = token.json as { access_token?: { token: string } };
  if (access !== undefined) day.made.push({ name: "account's token", text: access.token });
  await day.call('GET', '/account', undefined, 401, { authorization: `Bearer ${secrets.wrongPassword.text}` });
  await day.call('PATCH', '/account', { new_password: after });
  await day.rig.api('PATCH', '/account', { password: secrets.wrongPassword.text, new_password: `${after}2` });
  const client = await day.rig.api('POST', '/oauth/clients', { name: 'c', redirect_uri: 'https://a.example/back' });
  day.made.push({ name: 'client secret', text: (client.json as { secret: string }).secret });
  const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${secrets.sshKey.text}\n-----END OPENSSH PRIVATE KEY-----\n`;
  await day.call('POST', '/account/keys', { public_key: key }, 422);
  await day.call('POST', '/account/keys', { public_key: `ssh-ed25519 ${secrets.sshKey.text}` }, 422);
}

export async function useWebhooksAndDrains(day: CanaryDay): Promise<void> {
  const withUser = (canary: Canary, path: string): string =>
    `http://ada:${canary.text}@localhost:${day.receiver.port}${path}`;
  const hook = { include: ['api:release', 'api:build', 'api:dyno'], level: 'notify' };
  await day.call(
    'POST',
    '/apps/canary/webhooks',
    {
      ...hook,
      url: withUser(secrets.webhookUrl, '/hook'),
      secret: secrets.webhookSecret.text,
      authorization: `Bearer ${secrets.webhookAuthorization.text}`,
    },
    201,
  );
  const wrong = (canary: Canary): readonly string[] => [
    `ftp://ada:${canary.text}@localhost/`,
    `http://ada:${canary.text}@logs.example.com/`,
    `https://ada:${canary.text}%zz@logs.example.com/`,
    `https://ada:${canary.text}@logs.example.com:0/`,
    `https://ada:${canary.text}@/`,
    `https://ada:${canary.text}@10.0.0.1/`,
  ];
  for (const url of wrong(secrets.webhookUrl)) await day.rig.api('POST', '/apps/canary/webhooks', { ...hook, url });
  const drain = withUser(secrets.drainUrl, `/drain/${secrets.drainPath.text}`);
  await day.call('POST', '/apps/canary/log-drains', { url: drain }, 201);
  await day.call('POST', '/apps/canary/log-drains', { url: drain }, 422);
  for (const url of wrong(secrets.drainUrl)) await day.rig.api('POST', '/apps/canary/log-drains', { url });
}

export async function useCertificate(day: CanaryDay): Promise<void> {
  const { cert, key } = await makeCertificate(['www.canary.example']);
  const other = await makeCertificate(['www.canary.example']);
  // Of the scalar, and such that it stands on one line of the PEM.
  const der = Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64').subarray(48, 72);
  day.made.push({ name: 'private key', text: der.toString('latin1') });
  const path = '/apps/canary/sni-endpoints';
  await day.call('POST', path, { certificate_chain: cert, private_key: key }, 201);
  await day.call('POST', path, { certificate_chain: other.cert, private_key: key }, 422);
  await day.call('POST', path, { certificate_chain: key, private_key: key }, 422);
  await day.call('POST', path, { certificate_chain: cert, private_key: key.replace('PRIVATE', 'PUBLIC') }, 422);
}

export async function usePushes(day: CanaryDay): Promise<void> {
  const push = async (version: string, files: Readonly<Record<string, string>>): Promise<void> => {
    const { output } = await pushTiny(day.app, version, files);
    day.printed.push({ what: `push ${version}`, text: output });
  };
  const web = 'web: exec python server.py\n';
  await push('one', { Procfile: `${web}release: test -n "$SECRET"\n` });
  await push('no build', { 'bin/pre_compile': '#!/bin/sh\ntest -n "$SECRET" && exit 9\n' });
  const quiet = { 'bin/pre_compile': '#!/bin/sh\n' };
  await push('no release', { ...quiet, Procfile: `${web}release: exit 9\n` });
  await push('no boot', { ...quiet, Procfile: 'web: kill -SEGV $$\n' });
  const { output } = await day.app.push('-o', `token=${secrets.pushOption.text}`, 'heroku', 'main:other');
  day.printed.push({ what: 'push with an option', text: output });
  const login = (password: string): string => `http://ada:${password}@127.0.0.1:${day.rig.port}/canary.git`;
  for (const password of [secrets.wrongPassword.text, `${secrets.wrongPassword.text}%00`]) {
    const path = new URL(login(password)).pathname;
    const authorization = `Basic ${Buffer.from(`ada:${password}`).toString('base64')}`;
    await day.rig.request('127.0.0.1', `${path}/info/refs?service=git-receive-pack`, { headers: { authorization } });
  }
  await day.call(
    'PUT',
    '/apps/canary/buildpack-installations',
    {
      updates: [{ buildpack: `https://ada:${secrets.buildpackUrl.text}@127.0.0.1/buildpack.git` }],
    },
    422,
  );
  await push('two', { Procfile: web });
}

export async function useSources(day: CanaryDay): Promise<void> {
  const url = (host: string, path: string): string =>
    `http://ada:${secrets.sourceUser.text}@${host}${path}?token=${secrets.sourceQuery.text}`;
  const here = `127.0.0.1:${day.sourcePort}`;
  for (const one of [
    url(here, '/good.tgz'),
    url(here, '/bad.tgz'),
    url('10.0.0.1', '/private.tgz'),
    url('127.0.0.1:1', '/closed'),
  ]) {
    const answer = await day.rig.api('POST', '/apps/canary/builds', { source_blob: { url: one } });
    if (answer.status !== 201) continue;
    const { id, output_stream_url: stream } = answer.json as BuildJson;
    day.printed.push({ what: `build of ${new URL(one).pathname}`, text: (await open(day.rig, stream)).body });
    await untilEnded(day.rig, 'canary', id);
  }
  for (const [path, expected] of [
    ['/bad.tgz', 'failed'],
    ['/good.tgz', 'succeeded'],
  ] as const) {
    const setup = await day.rig.api('POST', '/app-setups', {
      source_blob: { url: url(here, path) },
      overrides: { env: { SECRET: secrets.configVarOfSetup.text } },
    });
    const { id } = setup.json as { id: string };
    let status = 'pending';
    await eventually('the end of the setup', async () => {
      ({ status } = (await day.rig.api('GET', `/app-setups/${id}`)).json as { status: string });
      return status !== 'pending';
    });
    if (status !== expected) throw new Error(`the setup from ${path} ${status}`);
  }
}

export async function useOneOff(day: CanaryDay): Promise<void> {
  await day.call('POST', '/apps/canary/dynos', { command: 'sleep 3', env: { ONE_OFF: secrets.oneOff.text } }, 201);
  await day.call('POST', '/apps/canary/dynos', { command: 'sleep 3', env: { 'NO NAME': secrets.badBody.text } }, 422);
  await day.call('POST', '/apps/canary/dynos', { command: 'exit 3', env: { ONE_OFF: secrets.oneOff.text } }, 201);
}

/** Reads with both clients what they tell of an app, and of what is wrong. */
export async function useClients(day: CanaryDay): Promise<void> {
  const installation = await installHerokuCli();
  if (installation.status === 'missing') throw new Error(`The heroku CLI is missing: ${installation.reason}`);
  await using heroku = await HerokuCli.open(installation, day.rig);
  const all = ['config', 'releases', 'releases:info', 'apps:info', 'ps', 'drains', 'webhooks', 'certs', 'logs -n 1500'];
  for (const line of all) {
    const { stdout, stderr } = await heroku.run([...line.split(' '), '--app', 'canary'], day.rig.home);
    day.printed.push({ what: `heroku ${line}`, text: stdout + stderr });
  }
  for (const line of ['config', 'releases', 'ps', 'logs -n 1500', 'apps']) {
    const app = line === 'apps' ? [] : ['--app', 'canary'];
    const { stdout, stderr } = await day.rig.operate([...line.split(' '), ...app]).ended;
    day.printed.push({ what: `hokku ${line}`, text: stdout + stderr });
  }
  const refused = await heroku.run(['ps', '--app', 'canary'], day.rig.home, {
    HEROKU_API_KEY: secrets.wrongPassword.text,
  });
  day.printed.push({ what: 'heroku with a wrong token', text: refused.stdout + refused.stderr });
}

export async function useWrongBodies(day: CanaryDay): Promise<void> {
  const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<unknown> =>
    day.rig.request('127.0.0.1', '/apps/canary/config-vars', {
      method: 'PATCH',
      headers: { authorization: `Bearer ${day.rig.token}`, 'content-type': 'application/json', ...headers },
      body,
    });
  const { text } = secrets.badBody;
  await post(`{"SECRET": "${text}"`);
  await post(`{"SECRET": ${text}}`);
  await post(Buffer.concat([Buffer.from(`{"SECRET": "${text}`), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]));
  await post(JSON.stringify({ SECRET: text, MORE: 'x'.repeat(1024 * 1024) })).catch(() => undefined);
  await post(JSON.stringify({ SECRET: text }), { accept: 'text/plain' });
  await post(JSON.stringify({ SECRET: text }), { authorization: `Bearer ${text}` });
  await post(JSON.stringify({ SECRET: text }), { authorization: `Bearer ${day.rig.token} ${text}` });
}
