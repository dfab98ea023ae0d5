import type { Story } from '../story.ts';

export const integrationsStory: Story = {
  title: 'sends logs and notices elsewhere, and chooses buildpacks',
  steps: [
    (story) => story.commit(),
    ['create integrated', /done/],
    ['drains:add https://logs.example.com/drain', /Successfully added drain https:\/\/logs\.example\.com\/drain/],
    ['drains', /https:\/\/logs\.example\.com\/drain \(d\.[0-9a-f-]{36}\)/],
    ['drains:remove https://logs.example.com/drain', /Successfully removed drain/],
    ['webhooks', /integrated has no webhooks/],
    [
      'webhooks:add --include api:release --level notify --url https://hooks.example.com/in',
      /Adding webhook to integrated\.\.\. done .*Webhooks Signing Secret/,
    ],
    ['webhooks', /(?<webhook>[0-9a-f-]{36}) https:\/\/hooks\.example\.com\/in api:release notify/],
    ['webhooks:info {webhook}', /Include: api:release Level: notify URL: https:\/\/hooks\.example\.com\/in/],
    [
      'webhooks:update {webhook} --include api:release --level sync --url https://hooks.example.com/in',
      /Updating webhook .*done/,
    ],
    ['config:set A=1', /done/],
    ['webhooks:deliveries', /─ (?<delivery>[0-9a-f-]{36}) .*release/, { eventually: true }],
    ['webhooks:deliveries:info {delivery}', /"action": "create"/],
    ['webhooks:events', /─ (?<event>[0-9a-f-]{36}) .*release/],
    ['webhooks:events:info {event}', /"action": "create"/],
    ['webhooks:remove {webhook}', /Removing webhook .*done/],
    ['buildpacks', /integrated has no Buildpacks/],
    ['buildpacks:search python', /heroku\/python .*Builds Python apps.*1 buildpack found/],
    ['buildpacks:info heroku/python', /Builds Python apps.*\.python-version/],
    ['buildpacks:versions heroku/python', /1 .*published/],
    ['buildpacks:set heroku/python', /Buildpack set\. Next release on integrated will use heroku\/python/],
    ['buildpacks:add https://github.com/heroku/heroku-buildpack-inline.git', /Buildpack added/],
    ['buildpacks:remove heroku/python', /Buildpack removed/],
    ['buildpacks:clear', /Buildpacks cleared\. Next release on integrated will detect buildpacks normally/],
  ],
};

/** What this platform has none of, and says so. */
export const nothingStory: Story = {
  title: 'says that there is nothing where there is nothing',
  steps: [
    (story) => story.commit(),
    ['create nothing', /done/],
    ['addons', /No add-ons for app nothing/],
    ['addons:services', /Slug Name State/],
    ['addons:wait', /^$/],
    ['pg', /nothing has no heroku-postgresql databases/],
    ['pg:info', /nothing has no heroku-postgresql databases/],
    ['pg:wait', /^$/],
    ['redis', /^$/],
    ['redis:info', /^$/],
    ['telemetry --app nothing', /There are no telemetry drains in nothing/],
    ['usage:addons --app nothing', /No usage found for app nothing/],
    ['teams', /Team Role/],
    ['orgs', /Teams Role/],
    [
      'spaces',
      /You do not have access to any spaces/,
      { exit: 2, because: 'the CLI ends with 2 where there is no space' },
    ],
  ],
};
