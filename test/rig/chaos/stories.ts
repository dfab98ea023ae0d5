import type { RigApp } from '../platform-rig.ts';
import { upload } from '../deploys.ts';
import { tarball } from '../tarball.ts';
import { tinyApp } from '../tiny-app.ts';
import type { Stage } from './stage.ts';

/** Something that is done to a platform by its users. It may be cut short at any place. */
export type Story = (stage: Stage) => Promise<void>;

const bash = '#!/usr/bin/env bash\n';
const isOver = ({ status }: { readonly status: string }): boolean => status !== 'pending';

async function push(stage: Stage, files: Readonly<Record<string, string>> = {}): Promise<void> {
  await stage.commit(files);
  await stage.actor.push();
}

async function releasesEnd(stage: Stage, app: RigApp): Promise<void> {
  await stage.until('the end of all releases', async () => {
    // An answer may be an error while something is being killed.
    const releases = await app.releases().catch(() => null);
    return releases?.every(isOver) === true;
  });
}

async function ends(stage: Stage, path: string): Promise<void> {
  await stage.until(`the end of ${path}`, async () => {
    const found = (await stage.rig.api('GET', path)).json as { status: string } | { status: string }[] | null;
    return found !== null && [found].flat().every(isOver);
  });
}

async function promote(stage: Stage, heir: string): Promise<void> {
  const made = await stage.api('POST', '/pipeline-promotions', {
    pipeline: { id: stage.pipeline },
    source: { app: { id: stage.actor.name } },
    targets: [{ app: { id: heir } }],
  });
  await ends(stage, `/pipeline-promotions/${(made as { id: string }).id}/promotion-targets`);
}

async function setUp(stage: Stage, manifest: unknown): Promise<void> {
  const files = { ...tinyApp('set up'), 'app.json': JSON.stringify(manifest) };
  const url = await upload(stage.rig, await tarball(files));
  const setup = await stage.api('POST', '/app-setups', { source_blob: { url, version: 'v1' } });
  const { id, app } = setup as { id: string; app: { name: string } };
  await ends(stage, `/app-setups/${id}`);
  await stage.rig.api('DELETE', `/apps/${app.name}`);
}

/** Hears of one release, and is gone again. */
async function tellWebhook(stage: Stage, level: 'notify' | 'sync', answers: readonly number[]): Promise<void> {
  const { rig, hooked, receiver } = stage;
  const path = `/apps/${hooked.name}/webhooks`;
  // Of a story whose end was killed; they would take the answers that are meant for this one.
  const others = (await stage.api('GET', path)) as { id: string }[];
  for (const { id } of others) await stage.api('DELETE', `${path}/${id}`);
  const left = [...answers];
  receiver.answer = () => left.shift() ?? 204;
  const hook = await stage.api('POST', path, { include: ['api:release'], level, url: `${receiver.url}/hook` });
  try {
    await stage.api('PATCH', `/apps/${hooked.name}/config-vars`, { AT: String(Date.now()) });
    const wanted = left.length === 0 ? 'failed' : 'succeeded';
    const newest = { range: 'seq ..; order=desc,max=100' };
    await stage.until('the deliveries', async () => {
      const answer = await rig.api('GET', `/apps/${hooked.name}/webhook-deliveries`, undefined, newest);
      const deliveries = answer.json as { status: string }[];
      return deliveries.every(({ status }) => ['succeeded', 'failed', wanted].includes(status));
    });
  } finally {
    await rig.api('DELETE', `${path}/${(hook as { id: string }).id}`).catch(() => undefined);
  }
}

async function transfer(stage: Stage, answer: 'accepted' | 'declined' | null): Promise<void> {
  const { rig } = stage;
  const bob = { authorization: `Bearer ${stage.otherToken}` };
  const app = (await stage.api('POST', '/apps', {})) as { name: string };
  try {
    const offer = { app: app.name, recipient: 'other@example.com' };
    const { id } = (await stage.api('POST', '/account/app-transfers', offer)) as { id: string };
    const path = `/account/app-transfers/${id}`;
    if (answer === null) await stage.api('DELETE', path);
    else await rig.api('PATCH', path, { state: answer }, bob);
  } finally {
    await rig.api('DELETE', `/apps/${app.name}`, undefined, answer === 'accepted' ? bob : {}).catch(() => undefined);
  }
}

/** Each leads through some of the steps of the state machines; which ones is found out by playing it once. */
export const stories: Readonly<Record<string, Story>> = {
  'a deploy': (stage) => push(stage),
  'a build that fails': (stage) => push(stage, { 'bin/pre_compile': `${bash}exit 3\n` }),
  'a crash at boot': (stage) => push(stage, { Procfile: 'web: exit 3\n' }),
  'a release command that fails': (stage) =>
    push(stage, { Procfile: 'web: exec python server.py\nrelease: sleep 0.2; exit 3\n' }),
  'a cancelled build': async (stage) => {
    await stage.commit({ 'bin/pre_compile': `${bash}echo compile waits\nsleep 4932\n` });
    const push = stage.actor.startPush();
    await stage.until('compile', () => Promise.resolve(push.output().includes('compile waits')));
    const newest = { range: 'started_at ..; order=desc,max=5' };
    const list = `/apps/${stage.actor.name}/builds`;
    const builds = (await stage.api('GET', list, undefined, newest)) as { id: string; status: string }[];
    const build = builds.find(({ status }) => status === 'pending');
    await stage.api('DELETE', `${list}/${build?.id ?? ''}`);
    await push.result;
  },
  'a change of config vars': async (stage) => {
    await stage.api('PATCH', `/apps/${stage.actor.name}/config-vars`, { STAMP: String(Date.now()) });
    await releasesEnd(stage, stage.actor);
  },
  'an app without a slug': async (stage) => {
    const { name } = (await stage.api('POST', '/apps', {})) as { name: string };
    await stage.api('PATCH', `/apps/${name}/config-vars`, { A: '1' });
    await stage.api('DELETE', `/apps/${name}`);
  },
  'a rollback': async (stage) => {
    const releases = await stage.slow.releases();
    const old = releases.find(({ current }) => current);
    await stage.api('PATCH', `/apps/${stage.slow.name}/config-vars`, { AT: String(Date.now()) });
    await releasesEnd(stage, stage.slow);
    await stage.api('POST', `/apps/${stage.slow.name}/releases`, { release: String(old?.version ?? 0) });
    await releasesEnd(stage, stage.slow);
  },
  'a dyno that comes and goes': async (stage) => {
    await stage.scale(stage.actor, 'worker', 1);
    await stage.dynoIs(stage.actor, 'worker.1', 'up');
    await stage.scale(stage.actor, 'worker', 0);
    await stage.dynoIs(stage.actor, 'worker.1', null);
  },
  'a dyno that is stopped': async (stage) => {
    await stage.scale(stage.actor, 'worker', 1);
    await stage.dynoIs(stage.actor, 'worker.1', 'up');
    await stage.api('POST', `/apps/${stage.actor.name}/dynos/worker.1/actions/stop`);
    await stage.dynoIs(stage.actor, 'worker.1', 'down');
    await stage.scale(stage.actor, 'worker', 0);
  },
  'a dyno that crashes': async (stage) => {
    await stage.scale(stage.actor, 'broken', 1);
    await stage.dynoIs(stage.actor, 'broken.1', 'up');
    await stage.dynoIs(stage.actor, 'broken.1', 'crashed');
    await stage.api('POST', `/apps/${stage.actor.name}/dynos/broken.1/actions/stop`);
    await stage.dynoIs(stage.actor, 'broken.1', 'down');
    await stage.scale(stage.actor, 'broken', 0);
    await stage.dynoIs(stage.actor, 'broken.1', null);
  },
  'a crash and a restart': async (stage) => {
    await stage.scale(stage.actor, 'broken', 1);
    await stage.until('two crashes', async () => (await stage.actor.dynos()).some(({ state }) => state === 'crashed'));
    await stage.api('DELETE', `/apps/${stage.actor.name}/dynos/broken.1`);
    await stage.scale(stage.actor, 'broken', 0);
    await stage.dynoIs(stage.actor, 'broken.1', null);
  },
  'a dyno that is stopped while it boots': async (stage) => {
    await stage.scale(stage.slow, 'web', 2);
    await stage.dynoIs(stage.slow, 'web.2', 'starting');
    await stage.api('POST', `/apps/${stage.slow.name}/dynos/web.2/actions/stop`);
    await stage.dynoIs(stage.slow, 'web.2', 'down');
    await stage.scale(stage.slow, 'web', 1);
    await stage.dynoIs(stage.slow, 'web.2', null);
  },
  'a dyno that is taken back while it boots': async (stage) => {
    await stage.scale(stage.slow, 'web', 2);
    await stage.dynoIs(stage.slow, 'web.2', 'starting');
    await stage.scale(stage.slow, 'web', 1);
    await stage.dynoIs(stage.slow, 'web.2', null);
  },
  'a restart': async (stage) => {
    await stage.api('DELETE', `/apps/${stage.slow.name}/dynos`);
    await stage.dynoIs(stage.slow, 'web.1', 'up');
  },
  'a promotion': (stage) => promote(stage, stage.heirs[0].name),
  'a promotion that fails': (stage) => promote(stage, stage.heirs[1].name),
  'an app setup': (stage) => setUp(stage, { name: 'Made', formation: { web: { quantity: 1 } } }),
  'an app setup that fails': (stage) => setUp(stage, { env: 7 }),
  'a webhook': (stage) => tellWebhook(stage, 'sync', []),
  'a webhook that fails': (stage) => tellWebhook(stage, 'notify', [500]),
  'a webhook that is told again': (stage) => tellWebhook(stage, 'sync', [500]),
  'an app that is taken': (stage) => transfer(stage, 'accepted'),
  'an app that is not taken': (stage) => transfer(stage, 'declined'),
  'an offer that is withdrawn': (stage) => transfer(stage, null),
};
