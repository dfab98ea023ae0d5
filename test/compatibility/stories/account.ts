import { randomBytes } from 'node:crypto';
import type { RunningStory } from '../run-story.ts';
import type { Story } from '../story.ts';

/** What is stored by logging in counts, instead of the token of `hokku env`. */
const stored = { HEROKU_API_KEY: '' };

async function makeBob({ rig, caught }: RunningStory): Promise<void> {
  const made = await rig.api('POST', '/accounts', { email: 'bob@example.com', password: 'correct horse' });
  caught.set('bob', (made.json as { access_token: { token: string } }).access_token.token);
}

async function writeKeys(story: RunningStory): Promise<void> {
  const type = Buffer.from('\0\0\0\u000bssh-ed25519\0\0\0 ', 'latin1');
  for (const name of ['one', 'two']) {
    const key = Buffer.concat([type, randomBytes(32)]).toString('base64');
    await story.write({ [`${name}.pub`]: `ssh-ed25519 ${key} ada@${name}\n` });
  }
}

const asBob =
  (command: string, says: RegExp): ((story: RunningStory) => Promise<void>) =>
  (story) =>
    story.take([command, says, { env: { HEROKU_API_KEY: story.caught.get('bob') ?? '' } }]);

export const accountStory: Story = {
  title: 'logs in and out, and keeps keys, clients and accounts',
  steps: [
    makeBob,
    [
      'login --interactive',
      /Logged in as bob@example\.com/,
      {
        env: stored,
        types: [
          ['Email', 'bob@example.com\r'],
          ['Password', 'correct horse\r'],
        ],
      },
    ],
    ['whoami', /^bob@example\.com$/, { env: stored }],
    ['logout', /Logging out\.\.\. done/, { env: stored }],
    [
      'auth:login --interactive',
      /Logged in as bob@example\.com/,
      {
        env: stored,
        types: [
          ['Email', 'bob@example.com\r'],
          ['Password', 'correct horse\r'],
        ],
      },
    ],
    async ({ rig, caught }) => {
      const login = { description: 'another laptop' };
      const begun = (await rig.api('POST', '/auth', login, { authorization: '' })).json as {
        readonly browser_url: string;
        readonly cli_url: string;
        readonly token: string;
      };
      const path = new URL(begun.browser_url, rig.url).pathname;
      const page = await rig.request('127.0.0.1', path);
      const secret = /name="secret" value="(\w+)"/.exec(page.body)?.[1] ?? '';
      await rig.request('127.0.0.1', path, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: rig.url,
          cookie: String(page.headers['set-cookie']).split(';')[0] ?? '',
        },
        body: new URLSearchParams({ secret, action: 'login', token: caught.get('bob') ?? '' }).toString(),
      });
      await rig.api('GET', begun.cli_url, undefined, { authorization: `Bearer ${begun.token}` });
    },
    ['sessions', /another laptop (?<session>[0-9a-f-]{36})/, { env: stored, eventually: true }],
    ['sessions:destroy {session}', /Destroying .*done/, { env: stored }],
    ['auth:logout', /Logging out\.\.\. done/, { env: stored }],
    writeKeys,
    ['keys:add one.pub', /Uploading one\.pub SSH key\.\.\. done/],
    ['keys', /admin@localhost keys ssh-ed25519 AAAA.* ada@one/],
    ['keys:remove ada@one', /Removing ada@one SSH key\.\.\. done/],
    ['keys:add two.pub', /done/],
    ['keys:clear', /Removing all SSH keys\.\.\. done/],
    ['keys', /You have no SSH keys/],
    [
      'clients:create Reader https://reader.example/callback',
      /Creating Reader\.\.\. done .*HEROKU_OAUTH_ID=(?<client>\S+)/,
    ],
    ['clients', /Reader [0-9a-f-]{36} https:\/\/reader\.example\/callback/],
    ['clients:info {client}', /=== Reader .*secret/],
    ['clients:update --name Writer {client}', /Updating .*done/],
    ['clients:rotate {client}', /=== Writer .*secret/],
    ['clients:destroy {client}', /Destroying .*done/],
    ['accounts:add me', /^(Warning: HEROKU_API_KEY is set )?$/],
    ['accounts', /me$/],
    asBob('accounts:add bob', /^$/),
    ['accounts:remove bob', /^$/],
  ],
};

export const sharingStory: Story = {
  title: 'hands an app over, and switches its features',
  steps: [
    makeHeir,
    (story) => story.commit(),
    ['create handed', /done/],
    ['labs', /\[ \] runtime-dyno-metadata/],
    ['labs:enable runtime-dyno-metadata', /Enabling runtime-dyno-metadata for handed\.\.\. done/],
    ['labs:info runtime-dyno-metadata', /Enabled: true/],
    ['labs:disable runtime-dyno-metadata --confirm handed', /Disabling runtime-dyno-metadata for handed\.\.\. done/],
    ['features:enable runtime-dyno-metadata', /Enabling runtime-dyno-metadata for handed\.\.\. done/],
    ['features:disable runtime-dyno-metadata', /Disabling runtime-dyno-metadata for handed\.\.\. done/],
    [
      'apps:transfer heir@example.com',
      /^(?=.*Warning: No e-mail is sent.*PATCH \/account\/app-transfers).*Initiating transfer of handed to heir@example\.com\.\.\. email sent/,
    ],
    acceptTransfer,
    ['access', /admin@localhost collaborator .*heir@example\.com owner/],
    ['apps:leave', /Leaving handed\.\.\. done/],
    ['apps:join', /Joining handed\.\.\. done/],
    ['leave', /Leaving handed\.\.\. done/],
    ['join', /Joining handed\.\.\. done/],
  ],
};

async function makeHeir({ rig, caught }: RunningStory): Promise<void> {
  const made = await rig.api('POST', '/accounts', { email: 'heir@example.com' });
  caught.set('heir', (made.json as { access_token: { token: string } }).access_token.token);
}

async function acceptTransfer({ rig, caught }: RunningStory): Promise<void> {
  const asHeir = { authorization: `Bearer ${caught.get('heir') ?? ''}` };
  const { json } = await rig.api('GET', '/account/app-transfers', undefined, asHeir);
  const [transfer] = json as { id: string }[];
  await rig.api('PATCH', `/account/app-transfers/${transfer?.id ?? ''}`, { state: 'accepted' }, asHeir);
}
