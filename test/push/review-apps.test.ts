import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { upload } from '../rig/deploys.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';
import { tarball } from '../rig/tarball.ts';
import { tinyApp } from '../rig/tiny-app.ts';

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2' } });
});

afterAll(() => rig[Symbol.asyncDispose]());

interface ReviewAppJson {
  readonly id: string;
  readonly status: string;
  readonly message: string | null;
  readonly app: { readonly id: string } | null;
}

const manifest = {
  env: { MODE: 'plain', KEPT: 'yes', FROM_STAGE: { required: true } },
  environments: { review: { env: { MODE: 'review' } } },
};

async function source(files: Readonly<Record<string, string>>): Promise<{ readonly url: string }> {
  return { url: await upload(rig, await tarball(files)) };
}

async function settled({ id }: ReviewAppJson): Promise<ReviewAppJson> {
  return eventually('the end of the setup', async () => {
    const reviewApp = (await rig.api('GET', `/review-apps/${id}`)).json as ReviewAppJson;
    return reviewApp.status !== 'creating' && reviewApp;
  });
}

it('makes review apps from a source with the config vars of their stage, one for a branch, and deletes them', async () => {
  const { id: pipeline } = (await rig.api('POST', '/pipelines', { name: 'shop' })).json as { id: string };
  const config = `/pipelines/${pipeline}/review-app-config`;
  expect((await rig.api('GET', config)).status).toBe(404);
  expect(await rig.api('POST', config, { repo: 'me/shop', automatic_review_apps: true })).toMatchObject({
    status: 422,
    json: { message: expect.stringContaining('no git host') },
  });
  expect((await rig.api('POST', config, { repo: 'me/shop', base_name: 'look' })).status).toBe(201);
  await rig.api('PATCH', `/pipelines/${pipeline}/stage/review/config-vars`, { FROM_STAGE: 'stage', KEPT: 'stage' });
  const body = {
    branch: 'new-cart',
    pr_number: 24,
    pipeline,
    source_blob: await source({ ...tinyApp('reviewed'), 'app.json': JSON.stringify(manifest) }),
    environment: { OWN: 'own' },
  };

  const made = await rig.api('POST', '/review-apps', body);
  expect([made.status, made.json]).toMatchObject([202, { status: 'creating', branch: 'new-cart', pr_number: 24 }]);
  const reviewApp = await settled(made.json as ReviewAppJson);
  expect(reviewApp).toMatchObject({ status: 'created', message: null });
  await eventually('the app', async () => (await rig.request('look-pr-24.localhost')).body === 'reviewed of web.1');
  expect((await rig.api('GET', '/apps/look-pr-24/config-vars')).json).toEqual({
    MODE: 'review',
    KEPT: 'stage',
    FROM_STAGE: 'stage',
    OWN: 'own',
    HEROKU_APP_NAME: 'look-pr-24',
    HEROKU_BRANCH: 'new-cart',
    HEROKU_PR_NUMBER: '24',
  });
  expect((await rig.api('GET', '/apps/look-pr-24/pipeline-couplings')).json).toMatchObject({ stage: 'review' });
  expect(await rig.api('POST', '/review-apps', body)).toMatchObject({
    status: 409,
    json: { message: expect.stringContaining('look-pr-24') },
  });

  const deleted = (await rig.api('DELETE', `/review-apps/${reviewApp.id}`)).json;
  expect(deleted).toMatchObject({ status: 'deleted', app: null });
  expect((await rig.api('GET', '/apps/look-pr-24')).status).toBe(404);
  expect((await rig.api('GET', `/pipelines/${pipeline}/review-apps`)).json).toEqual([]);

  // However many ask at once, a branch has one.
  const raced = await Promise.all(
    [1, 2, 3, 4].map(() => rig.api('POST', '/review-apps', { ...body, branch: 'raced', pr_number: undefined })),
  );
  expect(raced.map(({ status }) => status).toSorted()).toEqual([202, 409, 409, 409]);
});

it('says why a review app could not be made, also after kill -9 in the middle, and leaves no app behind', async () => {
  const { id: pipeline } = (await rig.api('POST', '/pipelines', { name: 'broken' })).json as { id: string };
  const create = async (branch: string, files: Readonly<Record<string, string>>): Promise<ReviewAppJson> =>
    (await rig.api('POST', '/review-apps', { branch, pipeline, source_blob: await source(files) }))
      .json as ReviewAppJson;
  expect(await settled(await create('bare', tinyApp('bare')))).toMatchObject({
    status: 'errored',
    message: 'app.json not found',
    app: null,
  });

  const interrupted = await create('slow', {
    ...tinyApp('slow'),
    'app.json': '{"scripts":{"postdeploy":"sleep 600"}}',
  });
  expect(interrupted.status).toBe('creating');
  await rig.killServer();
  await rig.startServer();
  expect(await settled(interrupted)).toMatchObject({
    status: 'errored',
    message: expect.stringContaining('the platform was stopped during the setup'),
    app: null,
  });
  expect((await rig.api('GET', `/pipelines/${pipeline}/pipeline-couplings`)).json).toEqual([]);
});
