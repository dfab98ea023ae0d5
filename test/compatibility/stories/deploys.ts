import type { Story } from '../story.ts';

const procfile = 'web: python server.py\nrelease: echo migrating $STEP; test -z "$FAIL"\n';

/** From the first push to the last rollback. */
export const deploysStory: Story = {
  title: 'deploys, configures, scales, restarts and rolls back an app',
  steps: [
    async (story) => {
      await story.commit({ Procfile: procfile });
      await story.write({ edit: '#!/bin/sh\nsed -i s/two/three/ "$1"\n' }, 0o755);
    },
    ['create deployed', /done/],
    (story) => story.git('push', 'heroku', 'main'),
    ['config', /deployed Config Vars/],
    ['config:set STEP=one GONE=x', /Setting STEP, GONE and restarting deployed\.\.\. done, v4/],
    ['config:get STEP', /^one$/],
    ['config:add STEP=two', /done, v5/],
    ['config:unset GONE', /Unsetting GONE and restarting deployed\.\.\. done, v6/],
    ['config:set GONE=y', /done, v7/],
    ['config:remove GONE', /done, v8/],
    [
      'config:edit',
      /STEP=three .*Updating config\.\.\. done/,
      { env: { EDITOR: './edit', VISUAL: './edit' }, types: [[/\(y\/n\)|y\/N|Y\/n/, 'y\n']] },
    ],
    ['config --json', /"STEP": "three"/],
    ['releases', /v9 .*v8 Remove GONE config vars admin@localhost/],
    ['releases:info v3', /=== Release v3 .*Change: Deploy [0-9a-f]{8}/],
    ['releases:output v3', /migrating/],
    ['releases:retry', /Retrying v9 on deployed\.\.\. done, v10 .*migrating three/],
    ['releases:rollback v3', /Rolling back deployed to v3\.\.\. done, v11/],
    ['rollback v9', /Rolling back deployed to v9\.\.\. done, v12/],
    ['ps:wait', /Waiting|^$/],
    ['ps', /=== web \(Basic\): python server\.py \(1\) web\.1: up/, { eventually: true }],
    ['ps:scale web=2', /now running web at 2:Basic/],
    ['scale web=1', /now running web at 1:Basic/],
    ['dyno:scale', /web=1:Basic/],
    ['ps:type', /web Basic 1 .*Basic 1/],
    ['ps:type basic', /Scaling dynos on deployed\.\.\. done .*web Basic 1/],
    ['ps:resize web=basic', /web Basic 1/],
    ['resize', /web Basic 1/],
    ['dyno:resize', /web Basic 1/],
    ['dyno:type', /web Basic 1/],
    ['ps:restart --dyno-name web.1', /Restarting dyno web\.1 on deployed\.\.\. done/],
    ['restart --process-type web', /Restarting all web dynos on deployed\.\.\. done/],
    ['dyno:restart', /Restarting all dynos on deployed\.\.\. done/],
    ['ps:stop --process-type web', /Stopping all web dynos on deployed\.\.\. done/],
    ...['stop', 'kill', 'ps:kill', 'dyno:stop', 'dyno:kill'].map(
      (command) => [`${command} --dyno-name web.1`, /Stopping dyno web\.1 on deployed\.\.\. done/] as const,
    ),
    ['logs --num 500 --source app', /app\[api\]: Stopped web\.1 by user admin@localhost/],
    ['logs --tail', /app\[api\]: Stopped web\.1/, { signal: 'SIGINT' }],
  ],
};
