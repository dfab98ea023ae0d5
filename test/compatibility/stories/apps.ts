import type { Story } from '../story.ts';

const browser = '#!/bin/sh\nprintf \'%s\\n\' "$1" >> visited\n';

export const appsStory: Story = {
  title: 'makes, shows, renames and destroys apps',
  steps: [
    ['regions', /us This platform/],
    ['apps', /You have no apps|admin@localhost Apps/],
    (story) => story.commit(),
    [
      'create apps-a',
      /Creating apps-a\.\.\. done http:\/\/apps-a\.localhost:\d+\/ \| https:\/\/localhost:\d+\/apps-a\.git/,
    ],
    ['apps:create apps-b --remote other --stack heroku-24', /Creating apps-b\.\.\. done, stack is heroku-24/],
    ['apps', /admin@localhost Apps [^]*apps-a [^]*apps-b/],
    ['list', /apps-a/],
    ['apps:list --json', /"name": "apps-a"/],
    ['apps:info --app apps-a', /=== apps-a .*Web URL: http:\/\/apps-a\.localhost:\d+\/ .*Stack: heroku-24/],
    ['info --app apps-a --shell', /git_url=https:\/\/localhost:\d+\/apps-a\.git .*stack=heroku-24/],
    ['apps:stacks --app apps-a', /apps-a Available Stacks \* heroku-24/],
    ['stack --app apps-a', /\* heroku-24/],
    ['apps:stacks:set heroku-24 --app apps-a', /Setting stack to heroku-24\.\.\. done/],
    ['stack:set heroku-24 --app apps-a', /Setting stack to heroku-24\.\.\. done/],
    ['config:set ONLY_A=1 --app apps-a', /ONLY_A: 1/],
    ['apps:diff apps-a apps-b', /apps-a property apps-b .*config.*ONLY_A/],
    ['git:remote --app apps-a', /set git remote heroku to https:\/\/localhost:\d+\/apps-a\.git/],
    async (story) => {
      await story.git('remote', 'remove', 'other');
      await story.write({ browser }, 0o755);
    },
    ['open', /Opening http:\/\/apps-a\.localhost:\d+\/\.\.\./, { env: { BROWSER: './browser' } }],
    ['apps:open /page', /Opening http:\/\/apps-a\.localhost:\d+\/page\.\.\./, { env: { BROWSER: './browser' } }],
    ['maintenance', /^off$/],
    ['maintenance:on', /Enabling maintenance mode for apps-a\.\.\. done/],
    ['maintenance', /^on$/],
    ['maintenance:off', /Disabling maintenance mode for apps-a\.\.\. done/],
    ['rename apps-c', /Renaming apps-a to apps-c\.\.\. done .*apps-c\.git/],
    ['apps:rename apps-d', /Renaming apps-c to apps-d\.\.\. done .*apps-d\.git/],
    ['git:credentials get', /username=heroku password=HRKU-/, { input: 'protocol=https\nhost=localhost:{port}\n\n' }],
    ['git:clone --app apps-d copy', /Cloning into 'copy'\.\.\./],
    ['destroy --app apps-b --confirm apps-b', /Destroying apps-b.*done/],
    ['apps:destroy --confirm apps-d', /Destroying apps-d.*done/],
    ['create apps-e', /done/],
    ['apps:delete --confirm apps-e', /Destroying apps-e.*done/],
  ],
};
