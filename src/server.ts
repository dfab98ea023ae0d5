import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { authenticateToken, scopesAllow } from './account/index.ts';
import { apiPlugin, serializeResource, serverOptions, type ApiOptions } from './api/index.ts';
import { authorizeApp } from './app/index.ts';
import { databaseKind, loadSecrets, type Config, type Environment } from './config/index.ts';
import { openDataFolder } from './data-folder.ts';
import { PlatformError } from './errors/platform-error.ts';
import { endOnFatalErrors } from './fatal-errors.ts';
import { writeFileAtomic } from './lib/atomic-file.ts';
import { Disposables } from './lib/disposables.ts';
import { healthPlugin, Readiness, type HealthState } from './health/index.ts';
import { onBoot, onPush, type Platform } from './lifecycle/index.ts';
import { openLogs } from './log.ts';
import { openPlatform } from './open-platform.ts';
import {
  acceptSshUpgrades,
  ExecReservations,
  execPlugin,
  openRendezvous,
  sshHostKeys,
  type ExecTools,
} from './rendezvous/index.ts';
import { defaultReceiverLimits, receiverPlugin } from './receiver/index.ts';

export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  /** The same, as a client on this machine reaches it: a bind address for all interfaces is no address to call. */
  readonly clientUrl: string;
  readonly platform: Platform;
  /** What keeps builds and dynos apart on this machine. */
  readonly isolation: string;
  /** What keeps them to their size. */
  readonly limits: string;
  /** The first account's token, if it was made at this start. */
  readonly newApiKey: string | null;
  readonly apiKey: string;
  /** Ends every dyno and the router too; disposing alone leaves them running, for the next start to take over. */
  stopEverything(): Promise<void>;
}

/** What other programs of this machine may know of a running platform; `hokku env` reads it. Holds no secret. */
export interface PlatformFile {
  readonly pid: number;
  readonly port: number;
  readonly bind: string;
  readonly domain: string;
  /** Absent: written by an older version. */
  readonly database?: 'sqlite' | 'postgres';
  /** The operator's certificate is for the domain; ours is also for `localhost`. */
  readonly hasOwnCertificate: boolean;
}

export async function startServer(config: Config, env: Environment, terminal: boolean): Promise<RunningServer> {
  const opened = new Disposables();
  try {
    const logs = openLogs(config.logLevel, terminal);
    opened.use(endOnFatalErrors(logs.platform));
    const data = opened.use(await openDataFolder(config.dataDir));
    const secrets = await loadSecrets(env, config.dataDir);
    const sockets = { http: join(data.run, 'platform.sock'), rendezvous: join(data.run, 'rendezvous.sock') };
    for (const path of Object.values(sockets)) await rm(path, { force: true });
    const state: { -readonly [Key in keyof HealthState]: HealthState[Key] } = { running: null };
    const http = createHttp(state);

    const opening = await openPlatform(config, secrets, data, logs, sockets);
    const { platform, certificates, router, watchman, notices, ...rest } = opening;
    opened.use(rest);
    for (const name of config.unknownSettings) logs.platform.warn({ name }, 'unknown setting ignored');
    await registerEdges(http, platform, config.api);
    const exec: ExecTools = { platform, reservations: new ExecReservations(), hostKey: sshHostKeys() };
    await http.register(execPlugin(exec));
    await onBoot(platform);
    await platform.webhooks.start(serializeResource(platform));
    platform.disk.start();
    await notices.start();
    watchman.start();
    await router.commit();
    certificates.start();
    await http.listen({ path: sockets.http });
    opened.defer(() => http.close());
    opened.use(acceptSshUpgrades(http.server, exec.hostKey, platform));
    opened.use(await openRendezvous(sockets.rendezvous, exec));
    await writeFileAtomic(join(data.root, 'platform.json'), JSON.stringify(platformFile(config, router.port)));
    const watched = { platform, router, dataDir: data.root };
    state.running = { ...watched, readiness: new Readiness(watched) };

    return {
      port: router.port,
      url: httpUrl(config.bind, router.port),
      clientUrl: httpUrl(wildcards[config.bind] ?? config.bind, router.port),
      platform,
      isolation: rest.isolation,
      limits: rest.limits,
      newApiKey: secrets.apiKeyIsNew ? secrets.apiKey : null,
      apiKey: secrets.apiKey,
      stopEverything: async () => {
        state.running = null;
        await platform.formation.stopAll();
        await router.stop();
        data.releaseRun();
      },
      [Symbol.asyncDispose]: async () => {
        state.running = null;
        await opened[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

function platformFile(config: Config, port: number): PlatformFile {
  return {
    pid: process.pid,
    port,
    bind: config.bind,
    domain: config.domain,
    database: databaseKind(config),
    hasOwnCertificate: config.tls !== null,
  };
}

const wildcards: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

function httpUrl(address: string, port: number): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function createHttp(state: HealthState): FastifyInstance {
  // The router has limited header sizes and times already; bodies are limited where they are read.
  const http = fastify({
    ...serverOptions,
    logger: false,
    trustProxy: true,
    bodyLimit: 1024 * 1024,
    forceCloseConnections: true,
  });
  // An answer before the end of the body: closing the connection now would reset it, and the router, which is still
  // sending, would lose the answer. The rest is read and thrown away until the router, which has the answer then, closes.
  http.addHook('onSend', ({ raw: request }, reply, payload, done) => {
    if (!request.complete) {
      reply.removeHeader('connection');
      reply.raw.shouldKeepAlive = true;
    }
    done(null, payload);
  });
  void http.register(healthPlugin(state));
  http.addHook('onResponse', ({ routeOptions, url }, { statusCode }, done) => {
    const isGit = (routeOptions.url ?? url).includes('.git');
    state.running?.platform.metrics.requestAnswered(isGit ? 'git' : 'api', statusCode);
    done();
  });
  return http;
}

async function registerEdges(http: FastifyInstance, platform: Platform, api: ApiOptions): Promise<void> {
  await http.register(
    receiverPlugin({
      repos: platform.repos,
      authenticate: async (token, address) => {
        const caller = await authenticateToken(platform, token, address);
        return caller !== null && scopesAllow(caller.authorization.scopes, 'apps', 'write') ? caller.account : null;
      },
      findApp: async (account, name) => {
        try {
          return await authorizeApp(platform.store, account, name, ['deploy']);
        } catch (error) {
          if (error instanceof PlatformError && error.id === 'not_found') return null;
          throw error;
        }
      },
      roomForPush: () => platform.disk.roomForPush(),
      onPush: (push, output, signal) =>
        platform.store.actingAs(push.actor, { via: 'git push', address: push.address }, () =>
          onPush(push, platform, output, signal),
        ),
      limits: defaultReceiverLimits,
      log: platform.logs.receiver,
    }),
  );
  await http.register(apiPlugin(platform, api));
}
