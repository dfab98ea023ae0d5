import type { PlatformRig } from '../../rig/platform-rig.ts';
import type { Story } from '../story.ts';

export const pipelinesStory: Story = {
  title: 'promotes through a pipeline',
  steps: [
    ({ rig }) => rig.api('POST', '/accounts', { email: 'next@example.com' }),
    (story) => story.commit(),
    ['create road-staging', /done/],
    (story) => story.git('push', 'heroku', 'main'),
    ['create road --remote production', /done/],
    ['pipelines:create road --app road-staging --stage development', /Creating road pipeline\.\.\. done/],
    ['pipelines:add road --app road --stage production', /Adding road to road pipeline as production\.\.\. done/],
    ['pipelines:update --app road-staging --stage staging', /Changing road-staging to staging\.\.\. done/],
    ['pipelines', /My Pipelines.* road/],
    ['pipelines:info road', /road-staging staging road production/],
    ['pipelines:promote --app road-staging', /Promotion successful .*road: succeeded/],
    ['releases --app road', /Promote road-staging v\d+/],
    ['ci --pipeline road', /latest test runs for the road pipeline/],
    ['ci:last --pipeline road', /No Heroku CI runs found/],
    ['ci:config:set KEY=value --pipeline road', /KEY: value/],
    ['ci:config --pipeline road', /KEY: value/],
    ['ci:config:get KEY --pipeline road', /^value$/],
    ['ci:config:unset KEY --pipeline road', /Unsetting KEY\.\.\. done/],
    ['pipelines:rename road way', /Renaming road pipeline to way\.\.\. done/],
    ['pipelines:remove --app road-staging', /Removing road-staging\.\.\. done/],
    ({ rig }) => isCoupled(rig, 'road-staging', false),
    ({ rig }) => isCoupled(rig, 'road', true),
    ['pipelines:transfer next@example.com --pipeline way --confirm way', /Transferring way pipeline to .*done/],
    async ({ rig }) => {
      const { owner } = (await rig.api('GET', '/pipelines/way')).json as { owner: { id: string } };
      const next = (await rig.api('GET', '/users/next@example.com')).json as { id: string };
      if (owner.id !== next.id) throw new Error(`way belongs to ${owner.id}, not to next@example.com`);
    },
    ['pipelines:destroy way', /Destroying way pipeline\.\.\. done/],
    ({ rig }) => isCoupled(rig, 'road', false),
  ],
};

async function isCoupled(rig: PlatformRig, app: string, wanted: boolean): Promise<void> {
  const { status } = await rig.api('GET', `/apps/${app}/pipeline-couplings`);
  if (status !== (wanted ? 200 : 404)) throw new Error(`the coupling of ${app} is answered with ${status}`);
}
