import type { Story } from '../story.ts';

/** Needs a platform with HOKKU_EXEC_PORT=80. */
export const execStory: Story = {
  title: 'gets into running dynos',
  steps: [
    (story) => story.commit(),
    ['create execs', /done/],
    (story) => story.git('push', 'heroku', 'main'),
    ['ps:exec --status', /web\.1 up running/, { eventually: true }],
    // In a terminal: with an input that is at its end the CLI may write to a stream that it has closed.
    ['ps:exec -- echo within $DYNO', /within web\.1/, { types: [] }],
    ['ps:copy Procfile --output copied', /Copying Procfile to copied/],
    ['ps:forward {localPort}:8080', /forwarding to web\.1:8080/, { signal: 'SIGINT' }],
    ['ps:socks', /SOCKSv5 proxy server started on port 1080/, { signal: 'SIGINT' }],
  ],
};
