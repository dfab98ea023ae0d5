import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import SqliteDatabase from 'better-sqlite3';
import pg from 'pg';
import { eventually } from '../platform-rig.ts';
import { descendants, processes } from '../remains.ts';
import { answerOf, commitVersion } from '../versioned-app.ts';
import { buildRoot, routerPid, supervisorPid } from './processes.ts';
import type { Stage } from './stage.ts';
import type { SeenStep } from './state-observer.ts';

/** One kill, prepared. */
export interface Blow {
  /** Whether the story can go on as if nothing had been; known once it has been struck. */
  harmsStory(): boolean;
  /** Whether requests to the actor may fail then. */
  harmsActor(): boolean;
  /** At once, without a turn of the event loop in between. */
  strike(step: SeenStep): void;
  /** Brings back what does not come back by itself, and waits for what must. Returns milliseconds that it took. */
  recover(): Promise<number>;
}

export type Target = 'platform' | 'router' | 'supervisor' | 'build' | 'database lock' | 'database connection';

export type PrepareBlow = (stage: Stage, random: () => number) => Promise<Blow>;

const never = (): boolean => false;
const always = (): boolean => true;

/** `kill -9` of the control plane, and its next start. */
const platform: PrepareBlow = ({ rig }, random) =>
  Promise.resolve({
    harmsStory: always,
    harmsActor: never,
    strike: () => {
      process.kill(rig.pid, 'SIGKILL');
    },
    recover: async () => {
      await rig.killServer();
      await delay(random() * 300);
      const startedAt = performance.now();
      await rig.startServer();
      await eventually('ready', async () => (await rig.request('127.0.0.1', '/readyz')).status === 200);
      return performance.now() - startedAt;
    },
  });

/** Until an app answers again. */
const router: PrepareBlow = ({ rig, bystander }) => {
  const pid = routerPid(rig);
  let struckAt = 0;
  return Promise.resolve({
    harmsStory: always,
    harmsActor: always,
    strike: () => {
      process.kill(pid, 'SIGKILL');
      struckAt = performance.now();
    },
    recover: async () => {
      await eventually('an answer', () => answerOf(bystander).catch(() => null));
      return performance.now() - struckAt;
    },
  });
};

/** Of the very dyno that took the step if it has one, else of one that runs quietly. */
const supervisor: PrepareBlow = async (stage) => {
  const { rig, slow, actor } = stage;
  const dynos = (await stage.api('GET', `/apps/${slow.name}/dynos`)) as { id: string; name: string }[];
  const quiet = dynos.find(({ name }) => name === 'web.1')?.id ?? '';
  const quietPid = supervisorPid(rig, quiet);
  if (quietPid === null) throw new Error('there is no quiet dyno');
  const tree = descendants(quietPid).map(({ pid }) => pid);
  const actorId = ((await stage.api('GET', `/apps/${actor.name}`)) as { id: string }).id;
  let [own, isActor, struckAt]: [number | null, boolean, number] = [null, false, 0];
  return {
    harmsStory: () => own !== null,
    harmsActor: () => isActor,
    strike: (step) => {
      own = step.thing === 'dyno' ? supervisorPid(rig, step.id) : null;
      isActor = own !== null && step.appId === actorId;
      struckAt = performance.now();
      try {
        process.kill(own ?? quietPid, 'SIGKILL');
      } catch {
        // It had ended by itself.
      }
    },
    recover: async () => {
      if (own === null) {
        const gone = (): boolean => processes().every(({ pid }) => pid !== quietPid && !tree.includes(pid));
        await eventually('the end of its processes', () => Promise.resolve(gone()), 5_000);
        await eventually('another dyno', async () =>
          (await slow.dynos()).some(({ name, state }) => name === 'web.1' && state === 'up'),
        );
        const took = performance.now() - struckAt;
        // So that the next crash is a first one again.
        await rig.api('DELETE', `/apps/${slow.name}/dynos`);
        await eventually('a restart', async () => (await slow.dynos()).every(({ state }) => state === 'up'));
        return took;
      }
      const pid = own;
      await eventually('its end', () => Promise.resolve(processes().every((one) => one.pid !== pid)), 5_000);
      return performance.now() - struckAt;
    },
  };
};

let marker = 49_400;

/** The root of a build's processes; of one that waits, in another app. */
const build: PrepareBlow = async ({ rig, builder }) => {
  marker += 1;
  const sleep = `sleep ${marker}`;
  await commitVersion(builder, marker, { 'bin/pre_compile': `#!/usr/bin/env bash\necho compile waits\n${sleep}\n` });
  const push = builder.startPush();
  const root = await eventually('a build', () => Promise.resolve(buildRoot(rig, sleep)));
  let struckAt = 0;
  return {
    harmsStory: never,
    harmsActor: never,
    strike: () => {
      process.kill(root, 'SIGKILL');
      struckAt = performance.now();
    },
    recover: async () => {
      const { exitCode, output } = await push.result;
      const took = performance.now() - struckAt;
      if (exitCode === 0 || !/Push (failed|rejected)/.test(output)) throw new Error(`the push said: ${output}`);
      const isGone = (): boolean => !processes().some(({ command }) => command.includes(sleep));
      await eventually('the end of the build', () => Promise.resolve(isGone()), 5_000);
      return took;
    },
  };
};

/** Another process holds SQLite's write lock for a while. */
const databaseLock: PrepareBlow = ({ rig }, random) => {
  const db = new SqliteDatabase(join(rig.dataDir, 'platform.sqlite'), { timeout: 10_000 });
  const holdMs = 200 + random() * 1_000;
  return Promise.resolve({
    harmsStory: never,
    harmsActor: never,
    strike: () => {
      db.exec('begin immediate');
    },
    recover: async () => {
      await delay(holdMs);
      if (db.inTransaction) db.exec('rollback');
      db.close();
      return holdMs;
    },
  });
};

/** PostgreSQL ends all connections of the platform; whoever waits for an answer gets one, and the platform goes on by itself. */
function databaseConnection(url: string): PrepareBlow {
  return async ({ rig }) => {
    const client = new pg.Client({ connectionString: url, application_name: 'blow' });
    await client.connect();
    let [ended, struckAt]: [Promise<unknown>, number] = [Promise.resolve(), 0];
    return {
      harmsStory: always,
      harmsActor: never,
      strike: () => {
        struckAt = performance.now();
        ended = client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name = 'hokku'`,
        );
      },
      recover: async () => {
        await ended;
        await eventually('an answer', async () => (await rig.api('GET', '/apps')).status === 200);
        await client.end();
        return performance.now() - struckAt;
      },
    };
  };
}

export type Targets = Readonly<Partial<Record<Target, PrepareBlow>>>;

export function postgresTargets(url: string): Targets {
  return { 'database connection': databaseConnection(url) };
}

export const sqliteTargets: Targets = {
  platform,
  router,
  supervisor,
  build,
  'database lock': databaseLock,
};
