import type { Story } from '../story.ts';

export const accessStory: Story = {
  title: 'shares an app, and manages tokens',
  steps: [
    async ({ rig, caught }) => {
      const made = await rig.api('POST', '/accounts', { email: 'eve@example.com', password: 'correct horse' });
      caught.set('eve', (made.json as { access_token: { token: string } }).access_token.token);
    },
    (story) => story.commit(),
    ['create shared', /done/],
    ['auth:whoami', /admin@localhost$/],
    ['whoami', /admin@localhost$/],
    ['auth:token', /HRKU-/],
    ['access:add eve@example.com', /Adding eve@example\.com access to the app shared\.\.\. done/],
    ['access', /admin@localhost owner .*eve@example\.com collaborator deploy, operate, view/],
    (story) =>
      story.take([
        'apps',
        /Collaborated Apps.* shared admin@localhost/,
        { env: { HEROKU_API_KEY: story.caught.get('eve') ?? '' } },
      ]),
    ['access:remove eve@example.com', /Removing eve@example\.com access from the app shared\.\.\. done/],
    ['auth:2fa', /Two-factor authentication is not enabled/],
    ['2fa', /Two-factor authentication is not enabled/],
    ['twofactor', /Two-factor authentication is not enabled/],
    ['authorizations:create --description Robot --scope read,identity --short', /HRKU-/],
    ['authorizations', /Robot (?<authorization>[0-9a-f-]{36}) (read,identity|identity,read)/],
    ['authorizations:info {authorization}', /Description: Robot .*Scope: (read,identity|identity,read)/],
    [
      'authorizations:update {authorization} --description Machine',
      /Updating .*done Client: <none> .*Description: Machine/,
    ],
    ['authorizations:rotate {authorization}', /Rotating .*done .*Token: HRKU-/],
    ['authorizations:revoke {authorization}', /Revoking .*done, revoked authorization from Machine/],
    ['authorizations:create --description Other', /ID: (?<other>[0-9a-f-]{36})/],
    ['authorizations:destroy {other}', /done, revoked authorization from Other/],
    ['features', /\[\+\] runtime-heroku-exec/],
    ['features:info runtime-heroku-exec', /Enabled: true/],
  ],
};
