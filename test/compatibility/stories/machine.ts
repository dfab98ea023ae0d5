import type { Step, Story } from '../story.ts';

/** The commands for the CLI itself. */
export const machineStory: Story = {
  title: 'looks after the CLI itself',
  steps: [
    ['version', /^heroku\/11\.10\.0 |heroku\/11\.10\.0 /],
    ['version:info', /11\.10\.0/],
    ['help', /USAGE \$ heroku \[COMMAND\] .*access manage user access to apps/],
    ['help ps:scale', /scale dyno quantity up or down/],
    ['commands --json', /"id": "access:add"/],
    ['which ps:scale', /ps:scale.* plugin: heroku/],
    [
      'search',
      /ps:scale/,
      {
        types: [
          ['Search', 'ps:scale'],
          [/❯ \S*ps:scale/, '\r'],
        ],
      },
    ],
    ['update', /not updatable/],
    ['plugins', /No plugins installed/],
    ['plugins:inspect heroku', /version 11\.10\.0/],
    (story) =>
      story.write({
        'plug/package.json': '{ "name": "plug", "version": "1.0.0", "oclif": { "commands": "./commands" } }',
        'plug/commands/greet.js': "module.exports = { id: 'greet', run: () => console.log('greetings') };\n",
      }),
    ['plugins:link plug --no-install', /Linking plugin plug\.\.\. done/],
    ['plugins', /plug 1\.0\.0 \(link\)/],
    ...['unlink', 'remove', 'uninstall'].flatMap((command): readonly Step[] => [
      ['plugins:link plug --no-install', /done/],
      [`plugins:${command} plug`, /Uninstalling plug\.\.\. done/],
    ]),
    ['plugins:update', /Updating plugins\.\.\. done/],
    ['plugins:reset', /Found 0 plugin/],
    ['autocomplete', /Building the autocomplete cache\.\.\. done/],
    ['autocomplete:create', /^$/],
    ['autocomplete:options', /^$/],
    ['autocomplete:doctor', /cli version 11\.10\.0 .*bash commands cache present/],
    ['autocomplete:script bash', /HEROKU_AC_BASH_SETUP_PATH/],
    [
      'repl',
      /us This platform/,
      {
        types: [
          [/heroku.*> /, 'regions\n'],
          ['This platform', 'exit\n'],
        ],
      },
    ],
    ['status', /Apps: No known issues at this time\. Tools: No known issues/],
    ['ci:migrate-manifest', /Creating app\.json file\.\.\. done/],
  ],
};
