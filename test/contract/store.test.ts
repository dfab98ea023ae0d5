import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Migrator, sql } from 'kysely';
import pg from 'pg';
import { deferred } from '../../src/lib/deferred.ts';
import type { Account } from '../../src/model/account.ts';
import type { App } from '../../src/model/app.ts';
import type {
  AppName,
  CommitId,
  DynoId,
  DynoName,
  LogDrainId,
  OAuthClientId,
  ProcessType,
  ReleaseId,
  Sha256,
  SniEndpointId,
  WebhookId,
} from '../../src/model/ids.ts';
import type { Slug } from '../../src/model/slug.ts';
import { openStore, type NewAuthorization, type Queries, type Store } from '../../src/store/index.ts';
import { openPostgres } from '../../src/store/dialects/postgres.ts';
import { openSqlite } from '../../src/store/dialects/sqlite.ts';
import { migrations } from '../../src/store/migrations/index.ts';
import { missingPostgres, startPostgres, type Postgres } from '../rig/postgres.ts';
import { createApp, quiet, temporaryFolder } from '../rig/store.ts';

const web = 'web' as ProcessType;

for (const dialect of ['sqlite', 'postgres'] as const) {
  const missing = dialect === 'postgres' ? missingPostgres() : null;
  if (missing !== null) {
    process.stderr.write(`store contract: the PostgreSQL half is skipped: ${missing}\n`);
    // eslint-disable-next-line jest/no-disabled-tests, jest/expect-expect -- says in the report what was not tested
    it.skip(`a store on postgres: ${missing}`, () => undefined);
    continue;
  }

  describe(`a store on ${dialect}`, () => {
    let server: Postgres | null = null;

    beforeAll(async () => {
      if (dialect === 'postgres') server = await startPostgres();
    });

    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
    });

    /** An empty database of its own, which can be opened more than once. */
    async function emptyDatabase(): Promise<{ url: string } & AsyncDisposable> {
      if (server === null) {
        const folder = await temporaryFolder();
        return {
          url: join(folder.path, 'data', 'platform.sqlite'),
          [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
        };
      }
      const name = `t${randomUUID().replaceAll('-', '')}`;
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return { url: server.url.replace(/[^/]*$/, name), [Symbol.asyncDispose]: () => Promise.resolve() };
    }

    async function open(url: string): Promise<Store> {
      return openStore({ url, log: quiet.store });
    }

    it('tells one deploy from account to dyno, and has it all after a restart', async () => {
      await using database = await emptyDatabase();
      let app: App;
      {
        await using store = await open(database.url);
        const account = await store.accounts.create({ email: 'Ada@example.com' });
        app = await createApp(store, account.id, 'quiet-meadow');
        const commit = 'a'.repeat(40) as CommitId;
        const build = await store.builds.create({ appId: app.id, commit, userId: account.id });

        expect(app).toMatchObject({ name: 'quiet-meadow', ownerEmail: 'Ada@example.com', maintenance: false });
        expect(build).toMatchObject({ status: 'pending', buildpacks: [], slugId: null, userEmail: 'Ada@example.com' });
        expect(await store.builds.listPending()).toEqual([build]);
        expect(await store.builds.wasBuilt(app.id, commit)).toBe(false);

        const release = await store.transaction(async (tx) => {
          const slug = await tx.slugs.create(slugOf(app));
          const made = await tx.releases.create({
            ...releaseOf(app, account),
            slugId: slug.id,
            configVars: Uint8Array.of(0, 255, 1),
          });
          const buildpacks = ['heroku/python'];
          await tx.builds.finish(build.id, { status: 'succeeded', slugId: slug.id, releaseId: made.id, buildpacks });
          await tx.apps.update(app.id, { releasedAt: made.createdAt, buildpackProvidedDescription: 'Python' });
          await tx.formation.set(app.id, web, { quantity: 1 });
          return made;
        });

        expect(release).toMatchObject({ version: 1, status: 'pending', userEmail: 'Ada@example.com' });
        expect(release.slug).toMatchObject({ ...slugOf(app) });
        expect(Object.keys(release.slug?.processTypes ?? {})).toEqual(['web', 'release', 'clock']);
        expect(await store.releases.listPending()).toEqual([release]);
        expect(await store.releases.findCurrent(app.id)).toBeNull();
        await store.releases.setStatus(release.id, 'succeeded');
      }

      await using store = await open(database.url);
      const reread = await store.apps.findByName('quiet-meadow');
      const current = await store.releases.findCurrent(app.id);
      expect(reread).toMatchObject({ id: app.id, uid: app.uid, buildpackProvidedDescription: 'Python' });
      expect(reread?.releasedAt).toEqual(current?.createdAt);
      expect(current).toMatchObject({ version: 1, status: 'succeeded', slug: slugOf(app) });
      expect([...((await store.releases.readConfigVars(current?.id ?? ('' as ReleaseId))) ?? [])]).toEqual([0, 255, 1]);
      expect(await store.builds.wasBuilt(app.id, 'a'.repeat(40) as CommitId)).toBe(true);
      expect(await store.slugs.listShasInUse()).toEqual([slugOf(app).sha256]);
      expect(await store.formation.list(app.id)).toMatchObject([{ type: 'web', quantity: 1, size: 'basic' }]);
    });

    it('lets releases expire that are old and far behind, but never what runs or shares its slug', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const app = await createApp(store, account.id, 'quiet-meadow');
      const shas = ['a', 'b', 'a', 'c', 'd', 'e'].map((letter) => letter.repeat(64) as Sha256);
      for (const [n, sha256] of shas.entries()) {
        const slug = await store.slugs.create({ ...slugOf(app), sha256 });
        // The last two have failed, so the fourth runs.
        const status = n > 3 ? 'failed' : 'succeeded';
        const made = await store.releases.create({ ...releaseOf(app, account), slugId: slug.id });
        await store.releases.setStatus(made.id, status);
      }
      const soon = new Date(Date.now() + 60_000);
      const statuses = async (): Promise<string> =>
        (await store.releases.list(app.id)).map(({ status }) => status.charAt(0)).join('');
      expect(await store.releases.expire(app.id, { keep: 6, before: soon })).toBe(0);
      expect(await store.releases.expire(app.id, { keep: 2, before: new Date(0) })).toBe(0);
      // v1 has the slug of v3, which is in reach of four.
      expect(await store.releases.expire(app.id, { keep: 4, before: soon })).toBe(1);
      expect(await statuses()).toBe('sessff');
      expect(await store.releases.expire(app.id, { keep: 1, before: soon, max: 1 })).toBe(1);
      expect(await statuses()).toBe('eessff');
      expect(await store.releases.expire(app.id, { keep: 1, before: soon })).toBe(1);
      expect(await statuses()).toBe('eeesff');
      expect(await store.releases.expire(app.id, { keep: 1, before: soon })).toBe(0);
      expect(await store.slugs.listShasInUse()).toEqual([shas[3], shas[5]]);
      expect(await store.releases.expire('none' as typeof app.id, { keep: 1, before: soon })).toBe(0);
    });

    it('keeps deploys without a push: sources of builds, slugs before and after their upload, app setups', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const app = await createApp(store, account.id, 'quiet-meadow');
      const source = { url: 'https://a.b/c.tgz', checksum: null, version: 'v1', versionDescription: 'Ada: first' };
      const build = await store.builds.create({ appId: app.id, commit: null, source, userId: account.id });
      expect(await store.builds.findById(build.id)).toMatchObject({ commit: null, source });

      const { sha256, sizeBytes, ...announced } = slugOf(app);
      const draft = await store.slugs.createDraft({ ...announced, checksum: sha256 });
      expect(await store.slugs.findDraft(draft.id)).toEqual(draft);
      expect(await store.slugs.findById(draft.id)).toBeNull();
      const slug = await store.slugs.finishDraft(draft.id, { sha256, sizeBytes });
      expect(slug).toMatchObject({ ...slugOf(app), id: draft.id });
      expect(await store.slugs.findById(draft.id)).toEqual(slug);
      expect(await store.slugs.findDraft(draft.id)).toBeNull();
      await expect(store.slugs.finishDraft(draft.id, { sha256, sizeBytes })).rejects.toMatchObject({ id: 'conflict' });
      const late = (await store.slugs.createDraft({ ...announced, checksum: null })).id;
      for (let n = 1; n < 100; n += 1) await store.slugs.createDraft({ ...announced, checksum: null });
      const more = (now?: Date) => store.slugs.createDraft({ ...announced, checksum: null }, now);
      await expect(more()).rejects.toMatchObject({ id: 'rate_limit' });
      const tomorrow = new Date(Date.now() + 25 * 60 * 60_000);
      expect(await store.slugs.findDraft((await more(tomorrow)).id)).toMatchObject({ createdAt: tomorrow });
      expect(await store.slugs.findDraft(late)).toBeNull();
      // No release has it yet.
      expect(await store.slugs.listShasInUse()).toEqual([sha256]);
      expect(await store.slugs.listShasInUse(new Date(Date.now() + 25 * 60 * 60_000))).toEqual([]);
      const failed = await store.releases.create({ ...releaseOf(app, account), slugId: slug.id });
      await store.releases.setStatus(failed.id, 'failed');
      expect(await store.slugs.listShasInUse()).toEqual([sha256]);
      // A failed deploy is tried again after the config var that it wants was set.
      await store.releases.create(releaseOf(app, account));
      expect(await store.slugs.listShasInUse()).toEqual([sha256]);
      const next = await store.slugs.create({ ...slugOf(app), sha256: 'f'.repeat(64) as Sha256 });
      await store.releases.create({ ...releaseOf(app, account), slugId: next.id });
      expect(await store.slugs.listShasInUse()).toEqual([next.sha256]);

      const begun = { accountId: account.id, appId: app.id, appName: app.name };
      const setup = await store.appSetups.create(begun);
      expect(setup).toMatchObject({ ...begun, status: 'pending', manifestErrors: [], buildId: null, postdeploy: null });
      expect(await store.appSetups.listPending()).toEqual([setup]);
      await store.apps.delete(app.id);
      const result = {
        status: 'failed',
        failureMessage: 'no luck',
        manifestErrors: ['config var A is required'],
        buildId: build.id,
        postdeploy: { output: 'NUL \0', exitCode: 7 },
        successUrl: 'https://a.b/',
      } as const;
      await store.appSetups.update(setup.id, result);
      const kept = await store.appSetups.findById(setup.id);
      expect(kept).toMatchObject({ ...result, postdeploy: { output: 'NUL \uFFFD', exitCode: 7 } });
      expect(await store.appSetups.listPending()).toEqual([]);
    });

    it('gives concurrent releases versions without gaps, also when some are rolled back and two processes write', async () => {
      await using database = await emptyDatabase();
      await using here = await open(database.url);
      await using there = await open(database.url);
      const account = await here.accounts.create({ email: 'ada@example.com' });
      const app = await createApp(here, account.id, 'busy-app');
      const other = await createApp(there, account.id, 'other-app');

      const attempts = Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? here : there).transaction(async (tx) => {
          const release = await tx.releases.create(releaseOf(i % 5 === 0 ? other : app, account));
          await tx.formation.set(app.id, web, { quantity: i });
          if (i % 4 === 3) throw new Error('changed my mind');
          return release.version;
        }),
      );
      const settled = await Promise.allSettled(attempts);

      expect(settled.filter((one) => one.status === 'rejected')).toHaveLength(10);
      for (const owner of [app, other]) {
        const releases = await here.releases.list(owner.id);
        expect(releases.map((release) => release.version)).toEqual(releases.map((_, i) => i + 1));
      }
      const counts = await Promise.all([app, other].map(async ({ id }) => (await here.releases.list(id)).length));
      expect(counts).toEqual([24, 6]);
    });

    it('gives concurrent apps unique uids from 100,000 on, and none of them twice', async () => {
      await using database = await emptyDatabase();
      await using here = await open(database.url);
      await using there = await open(database.url);
      const account = await here.accounts.create({ email: 'ada@example.com' });
      const create = (i: number) => createApp(i % 2 === 0 ? here : there, account.id, `app-${i}`);

      const apps = await Promise.all(Array.from({ length: 10 }, (_, i) => create(i)));
      const last = apps.find((app) => app.uid === 100_009);
      if (last !== undefined) await here.apps.delete(last.id);
      const next = await create(10);

      expect(apps.map((app) => app.uid).toSorted((a, b) => a - b)).toEqual(apps.map((_, i) => 100_000 + i));
      expect(next.uid).toBe(100_010);
      expect((await there.apps.list()).map((app) => app.name).slice(0, 3)).toEqual(['app-0', 'app-1', 'app-10']);
    });

    it('keeps what is not committed from every reader, and leaves nothing of a transaction that throws', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const written = deferred();
      const goOn = deferred();
      const effects: string[] = [];

      const failing = store.transaction(async (tx) => {
        const app = await createApp(tx, account.id, 'never-was');
        await tx.apps.writeConfig(app.id, Uint8Array.of(1));
        tx.afterCommit(() => effects.push('never'));
        expect(await tx.apps.findByName('never-was')).toMatchObject({ id: app.id });
        written.resolve();
        await goOn.promise;
        throw new Error('no');
      });
      await written.promise;
      const waiting = createApp(store, account.id, 'after-it');
      await store.ping();
      const seen = [await store.apps.findByName('never-was'), await store.apps.list()];
      goOn.resolve();

      await expect(failing).rejects.toThrow('no');
      expect(seen).toEqual([null, []]);
      expect(await waiting).toMatchObject({ name: 'after-it', uid: 100_000 });
      expect((await store.apps.list()).map((app) => app.name)).toEqual(['after-it']);
      expect(effects).toEqual([]);
    });

    it('runs the effects of a transaction once it is durable, in the order of the commits', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const effects: string[] = [];

      await Promise.all(
        ['a', 'b', 'c'].map((name) =>
          store.transaction(async (tx) => {
            tx.afterCommit(() => effects.push(`${name} is durable`));
            await tx.accounts.create({ email: `${name}@example.com` });
            effects.push(`${name} is written`);
          }),
        ),
      );

      const expected = ['a', 'b', 'c'].flatMap((name) => [`${name} is written`, `${name} is durable`]);
      expect(effects).toEqual(expected);
    });

    it('refuses a write beside the transaction that it is made in, and a transaction used after its end', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      let leaked: Queries | undefined;

      const nested = store.transaction(async (tx) => {
        leaked = tx;
        expect(await store.accounts.findFirst()).toBeNull();
        await store.accounts.create({ email: 'beside@example.com' });
      });

      await expect(nested).rejects.toThrow('Internal: a write beside the transaction');
      await expect(leaked?.accounts.create({ email: 'late@example.com' })).rejects.toThrow('Transaction is already');
      expect(await store.accounts.create({ email: 'next@example.com' })).toMatchObject({ email: 'next@example.com' });
      expect(await store.accounts.findByEmail('late@example.com')).toBeNull();
    });

    it('refuses names and e-mails that are taken, without spoiling the transaction', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const [first, second] = [
        await createApp(store, account.id, 'first'),
        await createApp(store, account.id, 'second'),
      ];
      const taken = { id: 'invalid_params', message: 'Name is already taken' };

      await expect(store.accounts.create({ email: 'ADA@example.com' })).rejects.toMatchObject({ id: 'invalid_params' });
      await store.transaction(async (tx) => {
        await expect(createApp(tx, account.id, 'first')).rejects.toMatchObject(taken);
        await expect(tx.apps.update(second.id, { name: first.name })).rejects.toMatchObject(taken);
        await tx.apps.update(second.id, { name: 'renamed' as AppName, maintenance: true });
        await tx.apps.update(first.id, { name: first.name });
      });

      expect(await store.apps.findById(second.id)).toMatchObject({ name: 'renamed', maintenance: true, uid: 100_001 });
      await expect(store.apps.update(randomUUID() as App['id'], {})).rejects.toMatchObject({ id: 'not_found' });
    });

    it('deletes an app with all that is its own, and nothing else', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const [doomed, kept] = [await createApp(store, account.id, 'doomed'), await createApp(store, account.id, 'kept')];
      for (const app of [doomed, kept]) {
        await store.transaction(async (tx) => {
          const slug = await tx.slugs.create({
            ...slugOf(app),
            sha256: (app === kept ? 'b' : 'a').repeat(64) as Sha256,
          });
          const release = await tx.releases.create({ ...releaseOf(app, account), slugId: slug.id });
          const build = await tx.builds.create({ appId: app.id, commit: null, userId: account.id });
          await tx.builds.finish(build.id, { status: 'succeeded', slugId: slug.id, releaseId: release.id });
          await tx.formation.set(app.id, web, { quantity: 1 });
          await tx.dynos.save(dynoOf(app, release.id, 'web.1'));
        });
      }

      await store.apps.delete(doomed.id);

      expect((await store.apps.listByOwner(account.id)).map((app) => app.name)).toEqual(['kept']);
      expect(await store.releases.list(doomed.id)).toEqual([]);
      expect(await store.builds.list(doomed.id)).toEqual([]);
      expect(await store.formation.list(doomed.id)).toEqual([]);
      expect((await store.dynos.listAll()).map((dyno) => dyno.appId)).toEqual([kept.id]);
      expect(await store.slugs.listShasInUse()).toEqual(['b'.repeat(64)]);
      expect(await store.releases.findNewest(kept.id)).toMatchObject({ version: 1, slug: { sha256: 'b'.repeat(64) } });
      await expect(store.releases.create(releaseOf(doomed, account))).rejects.toMatchObject({ id: 'not_found' });
    });

    it('keeps log drains for as long as their app is there', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const [doomed, kept] = [await createApp(store, account.id, 'doomed'), await createApp(store, account.id, 'kept')];
      const drainOf = (app: App, mayReachLoopback: boolean) => ({
        id: randomUUID() as LogDrainId,
        appId: app.id,
        token: `d.${randomUUID()}`,
        sealedUrl: Uint8Array.of(0, 255, 7),
        mayReachLoopback,
      });
      await store.logDrains.create(drainOf(doomed, false));
      const drain = await store.logDrains.create(drainOf(kept, true));
      expect(drain).toMatchObject({ appId: kept.id, mayReachLoopback: true, createdAt: expect.any(Date) as unknown });
      expect([...((await store.logDrains.list(kept.id))[0]?.sealedUrl ?? [])]).toEqual([0, 255, 7]);
      await store.apps.delete(doomed.id);
      expect((await store.logDrains.listAll()).map(({ id }) => id)).toEqual([drain.id]);
      await expect(store.logDrains.create(drainOf(doomed, false))).rejects.toMatchObject({ id: 'not_found' });
      expect([await store.logDrains.delete(drain.id), await store.logDrains.delete(drain.id)]).toEqual([true, false]);
    });

    it('keeps a host name for one app of all, with its certificate, for as long as the app is there', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const [doomed, kept] = [await createApp(store, account.id, 'doomed'), await createApp(store, account.id, 'kept')];
      const endpointOf = (app: App, name: string) => ({
        id: randomUUID() as SniEndpointId,
        appId: app.id,
        name,
        certificateChain: 'PEM',
        sealedKey: Uint8Array.of(0, 255, 7),
        acm: false,
      });
      const endpoint = await store.sniEndpoints.create(endpointOf(doomed, 'shady-cove-1'));
      const { domains } = store;
      const www = await domains.create({ appId: doomed.id, hostname: 'www.a_b.com', sniEndpointId: endpoint.id });
      expect(www).toMatchObject({ appId: doomed.id, sniEndpoint: { id: endpoint.id, name: 'shady-cove-1' } });
      const wild = await domains.create({ appId: kept.id, hostname: '*.a_b.com', sniEndpointId: null });
      await domains.create({ appId: kept.id, hostname: 'www.axb.com', sniEndpointId: null });

      const again = domains.create({ appId: kept.id, hostname: 'www.a_b.com', sniEndpointId: null });
      await expect(again).rejects.toMatchObject({ id: 'invalid_params' });
      const owned = { hostname: 'www.a_b.com', appId: doomed.id, ownerId: account.id };
      expect(await domains.findByHostname('www.a_b.com')).toEqual(owned);
      expect((await domains.listUnder('.a_b.com')).map(({ hostname }) => hostname).sort()).toEqual([
        '*.a_b.com',
        'www.a_b.com',
      ]);

      const renewed = { certificateChain: 'PEM 2', sealedKey: Uint8Array.of(9, 0), acm: true };
      expect(await store.sniEndpoints.update(endpoint.id, renewed)).toMatchObject({ certificateChain: 'PEM 2' });
      expect([...((await store.sniEndpoints.list(doomed.id))[0]?.sealedKey ?? [])]).toEqual([9, 0]);
      expect(await store.sniEndpoints.delete(endpoint.id)).toBe(true);
      expect(await domains.list(doomed.id)).toMatchObject([{ hostname: 'www.a_b.com', sniEndpoint: null }]);
      const other = await store.sniEndpoints.create(endpointOf(kept, 'shady-cove-1'));
      expect(await domains.setSniEndpoint(wild.id, other.id)).toMatchObject({ sniEndpoint: { id: other.id } });

      await store.apps.delete(doomed.id);
      expect(await domains.findByHostname('www.a_b.com')).toBeNull();
      await expect(domains.setSniEndpoint(www.id, null)).rejects.toMatchObject({ id: 'not_found' });
      expect(await domains.delete(www.id)).toBe(false);
      const homeless = domains.create({ appId: doomed.id, hostname: 'b.com', sniEndpointId: null });
      await expect(homeless).rejects.toMatchObject({ id: 'not_found' });
    });

    it('notes what webhooks ask for with the change itself, also the end of the app, and forgets it in time', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const guest = await store.accounts.create({ email: 'bob@example.com' });
      const app = await createApp(store, account.id, 'watched');
      const webhook = await store.webhooks.create({
        id: randomUUID() as WebhookId,
        appId: app.id,
        include: ['api:app', 'api:release', 'api:collaborator', 'api:dyno'],
        level: 'sync',
        sealedTarget: Uint8Array.of(1, 0, 255),
        mayReachLoopback: false,
      });
      let wakes = 0;
      store.onWebhookEvents(() => {
        wakes += 1;
      });
      await store.formation.set(app.id, web, { quantity: 1 });
      const failed = store.transaction(async (tx) => {
        await tx.releases.create(releaseOf(app, account));
        throw new Error('rolled back');
      });
      await expect(failed).rejects.toThrow('rolled back');
      expect([wakes, await store.webhookEvents.list(app.id)]).toEqual([0, []]);

      const bob = { accountId: guest.id, email: guest.email };
      const release = await store.actingAs(bob, { via: 'test', address: null }, () =>
        store.releases.create(releaseOf(app, account)),
      );
      await store.releases.setStatus(release.id, 'succeeded');
      const collaborator = await store.collaborators.set(app.id, guest.id, ['view']);
      await store.collaborators.remove(collaborator.id);
      const dyno = dynoOf(app, release.id, 'web.1');
      await store.dynos.save({ ...dyno, state: 'starting' });
      await store.dynos.save({ ...dyno, crashes: 1, state: 'starting' });
      await store.dynos.save(dyno);
      await store.dynos.remove(dyno.id);
      await store.apps.delete(app.id);
      expect(wakes).toBe(8);
      const events = (await store.webhookEvents.list(app.id)).toReversed();
      expect(events.map(({ include, action, actor }) => `${include} ${action} ${actor.email}`)).toEqual([
        'api:release create bob@example.com',
        'api:release update ada@example.com',
        'api:collaborator create ada@example.com',
        'api:collaborator destroy ada@example.com',
        'api:dyno create ada@example.com',
        'api:dyno update ada@example.com',
        'api:dyno destroy ada@example.com',
        'api:app destroy ada@example.com',
      ]);
      expect(events[1]?.snapshot).toMatchObject({
        app: { name: 'watched' },
        current: { status: 'succeeded' },
        previous: { status: 'pending' },
      });

      const soon = new Date(Date.now() + 1000);
      const [first] = await store.webhookDeliveries.listDue(soon, [], 100);
      expect(await store.webhookDeliveries.listDue(soon, [], 100)).toHaveLength(8);
      expect(await store.webhookDeliveries.listDue(soon, [webhook.id], 100)).toEqual([]);
      expect(await store.webhookDeliveries.nextDueAt([webhook.id])).toBeNull();
      expect(first).toMatchObject({
        status: 'pending',
        attempts: 0,
        event: { id: events[0]?.id, include: 'api:release' },
      });
      if (first === undefined) throw new Error('nothing is due');
      const now = new Date();
      const lastAttempt = {
        id: randomUUID(),
        status: 'succeeded' as const,
        code: 204,
        errorClass: null,
        createdAt: now,
        updatedAt: now,
      };
      const taken = { status: 'succeeded' as const, attempts: 1, lastAttempt, nextAttemptAt: null };
      await store.webhookDeliveries.save(first.id, { ...taken, status: 'scheduled' });
      await store.webhookDeliveries.save(first.id, taken);
      expect(await store.webhookDeliveries.find(first.id)).toMatchObject(taken);
      expect(await store.webhookDeliveries.list(app.id, { order: 'desc', max: 1 })).toMatchObject([
        { event: { include: 'api:app' } },
      ]);
      expect(await store.webhookDeliveries.list(app.id, { status: 'succeeded', order: 'asc', max: 9 })).toHaveLength(1);
      await store.webhookEvents.setPayload(first.event.id, { a: 1 });
      await store.webhookEvents.setPayload(first.event.id, { a: 2 });
      expect(await store.webhookEvents.find(first.event.id)).toMatchObject({ payload: { a: 1 } });

      await store.webhookEvents.purge(new Date(0), 3);
      expect(await store.webhookEvents.list(app.id)).toHaveLength(3);
      // Its app is gone, and it still has three things to tell.
      expect(await store.webhooks.findWithDeleted(webhook.id)).toMatchObject({ include: webhook.include });
      expect(await store.webhooks.list(app.id)).toEqual([]);
      await store.webhookEvents.purge(soon, 3);
      expect(await store.webhookEvents.list(app.id)).toEqual([]);
      expect(await store.webhooks.findWithDeleted(webhook.id)).toBeNull();
    });

    it('lists in the order asked for, up to the number asked for', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const app = await createApp(store, account.id, 'much-deployed');
      const builds = [];
      for (let i = 0; i < 12; i += 1) {
        await store.releases.create({ ...releaseOf(app, account), status: i === 11 ? 'failed' : 'succeeded' });
        builds.push(await store.builds.create({ appId: app.id, commit: null, userId: account.id }));
      }
      const versions = async (options?: { order?: 'asc' | 'desc'; max?: number }) =>
        (await store.releases.list(app.id, options)).map((release) => release.version);

      expect(await versions()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(await versions({ order: 'desc', max: 3 })).toEqual([12, 11, 10]);
      expect(await store.builds.list(app.id)).toEqual(builds);
      expect(await store.builds.list(app.id, { order: 'desc', max: 1 })).toEqual(builds.slice(-1));
      expect((await store.releases.findCurrent(app.id))?.version).toBe(11);
      expect((await store.releases.findNewest(app.id))?.version).toBe(12);
      expect(await store.releases.findByVersion(app.id, 13)).toBeNull();
    });

    it('keeps dynos and formation entries as they were last saved', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const app = await createApp(store, account.id, 'saved');
      const release = await store.releases.create(releaseOf(app, account));
      const up = dynoOf(app, release.id, 'web.1');
      const exit = { status: 137, signal: 'SIGKILL', at: new Date('2026-01-02T03:04:05.678Z') };
      const crashed = { ...up, state: 'crashed' as const, exit, crashes: 2, restartAt: new Date(), port: null };

      await store.dynos.save(up);
      const asSaved = await store.dynos.list(app.id);
      await store.dynos.save(crashed);
      const first = await store.formation.set(app.id, web, { quantity: 2 });
      const second = await store.formation.set(app.id, web, { size: 'standard-1x' });
      await store.formation.set(app.id, 'clock' as ProcessType, {});

      expect(asSaved).toEqual([up]);
      expect(await store.dynos.listAll()).toEqual([crashed]);
      expect(second).toMatchObject({ id: first.id, quantity: 2, size: 'standard-1x' });
      expect(await store.formation.list(app.id)).toMatchObject([{ type: 'clock', quantity: 0 }, { type: 'web' }]);
      await store.formation.remove(app.id, web);
      await store.dynos.remove(up.id);
      expect(await store.formation.list(app.id)).toHaveLength(1);
      expect(await store.dynos.list(app.id)).toEqual([]);
    });

    it('exchanges a grant once, refreshes what has expired, and forgets both with the client', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const ada = await store.accounts.create({ email: 'ada@example.com' });
      const { authorizations, oauthClients } = store;
      const client = await oauthClients.create({
        id: randomUUID() as OAuthClientId,
        accountId: ada.id,
        name: 'Reader',
        redirectUri: 'https://reader.example/',
        sealedSecret: Uint8Array.of(0, 255),
      });
      const wanted = { accountId: ada.id, hint: null, description: 'grant', scopes: ['read'] as const };
      const soon = new Date(Date.now() + 60_000);
      const past = new Date(Date.now() - 1);
      await authorizations.create({ ...wanted, hash: 'h0', clientId: client.id, grantHash: 'g0', expiresAt: past });
      const made = await authorizations.create({
        ...wanted,
        hash: 'h1',
        clientId: client.id,
        grantHash: 'g1',
        expiresAt: soon,
      });

      expect(made).toMatchObject({ clientId: client.id, isGrant: true, isSession: false });
      expect(await authorizations.findByGrant('g0')).toBeNull();
      expect(await authorizations.findByGrant('g1')).toEqual(made);
      const change = { hash: 'h2', grantHash: null, refreshHash: 'r1', expiresAt: past };
      expect(await authorizations.update(made.id, change)).toMatchObject({ isGrant: false });
      expect(await authorizations.findByGrant('g1')).toBeNull();
      expect(await authorizations.findByHash('h2')).toBeNull();
      expect(await authorizations.findByRefresh('r1')).toMatchObject({ id: made.id });
      expect(await authorizations.list(ada.id)).toHaveLength(1);
      expect(await oauthClients.findById(client.id)).toEqual(client);
      await oauthClients.delete(client.id);
      expect(await authorizations.findByRefresh('r1')).toBeNull();
    });

    it('keeps keys, features and transfers until their account or app goes', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const ada = await store.accounts.create({ email: 'ada@example.com' });
      const bob = await store.accounts.create({ email: 'bob@example.com' });
      const app = await createApp(store, ada.id, 'quiet-meadow');
      const key = { accountId: bob.id, publicKey: 'ssh-ed25519 AAAA', fingerprint: '00:ff', comment: '' };
      expect(await store.sshKeys.create(key)).toMatchObject(key);
      expect(await store.sshKeys.list(bob.id)).toMatchObject([key]);
      await expect(store.sshKeys.create(key)).rejects.toMatchObject({ id: 'invalid_params' });
      await store.appFeatures.set(app.id, 'labs', true);
      await store.appFeatures.set(app.id, 'labs', false);
      expect(await store.appFeatures.list(app.id)).toMatchObject([{ name: 'labs', enabled: false }]);
      const parties = { appId: app.id, ownerId: ada.id, recipientId: bob.id };
      const transfer = await store.appTransfers.create({ ...parties, state: 'pending' });
      expect(transfer).toMatchObject({ ...parties, appName: 'quiet-meadow', recipientEmail: 'bob@example.com' });
      expect(await store.appTransfers.list(bob.id)).toEqual(await store.appTransfers.listPending(app.id));
      expect(await store.appTransfers.answer(transfer.id, 'declined')).toBe(true);
      expect(await store.appTransfers.answer(transfer.id, 'accepted')).toBe(false);
      await store.accounts.delete(bob.id);
      expect(await store.appTransfers.list(ada.id)).toEqual([]);
      expect(await store.sshKeys.list(bob.id)).toEqual([]);
      await store.apps.delete(app.id);
      expect(await store.appFeatures.list(app.id)).toEqual([]);
    });

    it('knows a token until it is revoked or expired, and who else may use an app', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const ada = await store.accounts.create({ email: 'ada@example.com' });
      const bob = await store.accounts.create({ email: 'bob@example.com', passwordHash: 'scrypt$x' });
      const { authorizations, collaborators } = store;
      const token = (hash: string, description: string, more: Partial<NewAuthorization> = {}) => {
        // Those of one millisecond are in no order.
        const before = Date.now();
        while (Date.now() === before);
        return authorizations.create({
          accountId: ada.id,
          hash,
          hint: null,
          description,
          scopes: ['global'],
          expiresAt: null,
          ...more,
        });
      };
      const laptop = await token('h1', 'laptop', { scopes: ['read', 'identity'], hint: 'HRKU**********1' });
      await token('h2', 'old', { expiresAt: new Date(Date.now() - 1) });
      await token('h3', 'new', { expiresAt: new Date(Date.now() + 60_000) });

      expect([ada.isOperator, bob.isOperator]).toEqual([true, false]);
      expect(await authorizations.findByHash('h1')).toEqual({ account: ada, authorization: laptop });
      expect(laptop).toMatchObject({ scopes: ['read', 'identity'], hint: 'HRKU**********1', expiresAt: null });
      expect(await authorizations.findByHash('h2')).toBeNull();
      expect((await authorizations.list(ada.id)).map(({ description }) => description)).toEqual(['laptop', 'new']);
      await expect(token('h1', 'stolen', { accountId: bob.id })).rejects.toMatchObject({ id: 'conflict' });
      expect(await authorizations.update(laptop.id, { hash: 'h4', description: 'desk' })).toMatchObject({
        id: laptop.id,
        description: 'desk',
        scopes: ['read', 'identity'],
      });
      expect(await authorizations.findByHash('h1')).toBeNull();
      expect((await authorizations.findByHash('h4'))?.account).toEqual(ada);
      expect(await authorizations.revoke(laptop.id)).toBe(true);
      expect(await authorizations.revoke(laptop.id)).toBe(false);
      expect(await authorizations.findById(laptop.id)).toBeNull();
      await expect(authorizations.update(laptop.id, { hash: 'h5' })).rejects.toMatchObject({ id: 'not_found' });
      expect(await token('h4', 'again')).toMatchObject({ id: laptop.id, description: 'again', scopes: ['global'] });

      expect(await store.accounts.readPasswordHash(ada.id)).toBeNull();
      expect(await store.accounts.readPasswordHash(bob.id)).toBe('scrypt$x');
      expect(await store.accounts.update(bob.id, { name: 'Bob', passwordHash: null })).toMatchObject({ name: 'Bob' });
      expect(await store.accounts.readPasswordHash(bob.id)).toBeNull();

      const app = await createApp(store, ada.id, 'shared');
      await createApp(store, bob.id, 'own');
      const first = await collaborators.set(app.id, bob.id, ['view']);
      const changed = await collaborators.set(app.id, bob.id, ['view', 'deploy']);
      expect(changed).toMatchObject({ id: first.id, email: 'bob@example.com', permissions: ['view', 'deploy'] });
      expect(await collaborators.list(app.id)).toEqual([changed]);
      expect(await collaborators.find(app.id, ada.id)).toBeNull();
      expect((await store.apps.listAccessible(bob.id)).map(({ name }) => name)).toEqual(['own', 'shared']);
      await collaborators.remove(changed.id);
      expect((await store.apps.listAccessible(bob.id)).map(({ name }) => name)).toEqual(['own']);

      const eve = await store.accounts.create({ email: 'eve@example.com' });
      await collaborators.set(app.id, eve.id, ['view']);
      await expect(store.accounts.delete(bob.id)).rejects.toMatchObject({ id: 'conflict' });
      await store.accounts.delete(eve.id);
      expect(await collaborators.list(app.id)).toEqual([]);
      expect((await store.accounts.list()).map(({ email }) => email)).toEqual(['ada@example.com', 'bob@example.com']);
      await collaborators.set(app.id, bob.id, ['view']);
      await store.apps.delete(app.id);
      expect(await store.apps.listAccessible(bob.id)).toHaveLength(1);
    });

    it('keeps the tokens of a database that knew no scopes', async () => {
      await using database = await emptyDatabase();
      {
        await using old = await (dialect === 'sqlite'
          ? openSqlite(database.url, 1000)
          : openPostgres(database.url, quiet.store));
        const known = migrations(old.columnTypes);
        const migrator = new Migrator({ db: old.writer, provider: { getMigrations: () => Promise.resolve(known) } });
        const { error } = await migrator.migrateTo('0001-create-tables');
        expect(error).toBeUndefined();
        const now = new Date().toISOString();
        await sql`insert into accounts (id, number, email, email_key, created_at, updated_at)
          values ('a1', 1, 'Ada@example.com', 'ada@example.com', ${now}, ${now})`.execute(old.writer);
        for (const [hash, revoked] of [
          ['valid', null],
          ['revoked', now],
        ]) {
          await sql`insert into tokens (hash, account_id, description, created_at, expires_at, revoked_at)
            values (${hash}, 'a1', 'laptop', ${now}, null, ${revoked})`.execute(old.writer);
        }
      }

      await using store = await open(database.url);
      expect(await store.authorizations.findByHash('valid')).toMatchObject({
        account: { id: 'a1', email: 'Ada@example.com', name: null, isOperator: true },
        authorization: { description: 'laptop', scopes: ['global'], hint: null, expiresAt: null },
      });
      expect(await store.authorizations.findByHash('revoked')).toBeNull();
    });

    it('keeps the bytes of config vars as they are', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const app = await createApp(store, account.id, 'with-config');
      expect(await store.accounts.findFirst()).toEqual(account);

      const bytes = Uint8Array.from({ length: 66_000 }, (_, i) => i % 256);
      expect(await store.apps.readConfig(app.id)).toBeNull();
      await store.apps.writeConfig(app.id, bytes);
      await store.apps.setBuildpacks(app.id, ['heroku/nodejs', 'https://example.com/a.git']);
      expect(Buffer.compare((await store.apps.readConfig(app.id)) ?? Buffer.of(), bytes)).toBe(0);
      expect(await store.apps.listBuildpacks(app.id)).toEqual(['heroku/nodejs', 'https://example.com/a.git']);
    });

    it('keeps text from outside in every script, and survives a NUL in it', async () => {
      await using database = await emptyDatabase();
      await using store = await open(database.url);
      const account = await store.accounts.create({ email: 'ada@example.com' });
      const app = await createApp(store, account.id, 'polyglot');
      const commitDescription = `Ada: "quotes", 'ticks', \\, $1, %s, 俳句, 🌸, a\0b`;

      const slug = await store.slugs.create({ ...slugOf(app), commitDescription, sizeBytes: 5_000_000_000 });

      const expected = commitDescription.replace('\0', '\uFFFD');
      expect(await store.slugs.findById(slug.id)).toMatchObject({
        commitDescription: expected,
        sizeBytes: 5_000_000_000,
      });
      expect(await store.slugs.findById(slug.id)).toEqual(slug);
    });

    it('migrates once when several processes start together', async () => {
      await using database = await emptyDatabase();

      const stores = await Promise.all(Array.from({ length: 5 }, () => open(database.url)));

      await stores[0]?.accounts.create({ email: 'ada@example.com' });
      for (const store of stores) {
        expect(await store.accounts.findFirst()).toMatchObject({ email: 'ada@example.com' });
        await store[Symbol.asyncDispose]();
      }
    });

    it('lets waiting writes end when it is closed, and refuses later ones', async () => {
      await using database = await emptyDatabase();
      const store = await open(database.url);
      const emails = ['a', 'b', 'c'].map((name) => `${name}@example.com`);

      const writes = Promise.all(emails.map((email) => store.accounts.create({ email })));
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();

      expect((await writes).map((account) => account.email)).toEqual(emails);
      await expect(store.accounts.create({ email: 'd@example.com' })).rejects.toThrow('closed');
      await using again = await open(database.url);
      expect(await again.accounts.findByEmail('c@example.com')).not.toBeNull();
    });
  });
}

function slugOf(app: App): Omit<Slug, 'id' | 'createdAt'> {
  return {
    appId: app.id,
    sha256: 'c'.repeat(64) as Sha256,
    sizeBytes: 4_711,
    commit: 'a'.repeat(40),
    commitDescription: 'Ada: Say hello',
    processTypes: { web: 'gunicorn app', release: './migrate', clock: 'python clock.py' } as Slug['processTypes'],
    buildpackProvidedDescription: 'Python',
    stack: 'heroku-24',
  };
}

function releaseOf(app: App, account: Account) {
  return {
    appId: app.id,
    description: 'Deploy aaaaaaaa',
    status: 'pending' as const,
    slugId: null,
    userId: account.id,
    configVars: null,
  };
}

function dynoOf(app: App, releaseId: ReleaseId, name: string) {
  return {
    id: randomUUID() as DynoId,
    appId: app.id,
    name: name as DynoName,
    type: web,
    releaseId,
    size: 'basic' as const,
    command: 'gunicorn app --bind 0.0.0.0:$PORT',
    port: 40_000,
    state: 'up' as const,
    exit: null,
    crashes: 0,
    restartAt: null,
    createdAt: new Date(),
    updatedAt: new Date(),
  };
}
