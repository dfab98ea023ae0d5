import type { Story } from '../story.ts';

const procfile = 'web: python server.py\nconsole: echo console at $0\nrake: echo rake of\n';

export const runsStory: Story = {
  title: 'runs commands beside and inside of running dynos',
  steps: [
    (story) => story.commit({ Procfile: procfile }),
    ['create runs', /done/],
    (story) => story.git('push', 'heroku', 'main'),
    ['run --exit-code --no-tty -- true', /up, run\.\d{4}/],
    ['run --exit-code --no-tty -- exit 7', /up, run\.\d{4}/, { exit: 7 }],
    ['run bash', /in run\.\d{4}/, { types: [[/\$ /, 'echo "in $DYNO"; exit\n']] }],
    ['run:detached -- echo detached from $DYNO', /Running .* on runs\.\.\. done, (?<dyno>run\.\d{4})/],
    ['logs --dyno-name {dyno}', /detached from run\.\d{4}/, { eventually: true }],
    ['console', /console at/],
    ['rake --no-tty', /rake of/],
    ['ps', /web\.1: up/, { eventually: true }],
    ['run:inside web.1 -- echo inside of $DYNO', /inside of web\.1/],
    ['local:version', /\d+\.\d+\.\d+/],
    (story) => story.write({ '.env': 'GREETING=from here\n', Procfile: 'web: echo "web says $GREETING"; sleep 60\n' }),
    ['local:run echo local', /local/],
    ['local --port {localPort}', /web\.1 \| web says from here/, { signal: 'SIGINT' }],
    ['local:start web --port {localPort}', /web\.1 \| web says from here/, { signal: 'SIGINT' }],
  ],
};
