import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AcmeAuthority } from './acme/index.ts';
import { ensureFirstAccount, GuessLimit } from './account/index.ts';
import { readRestoreId, sweepStaging } from './backup/index.ts';
import { BackgroundWork } from './background-work.ts';
import { BuildCaches, limitScripts, wireScripts } from './build/index.ts';
import type { Config, MirrorChoice, Secrets } from './config/index.ts';
import { openCgroups } from './cgroup/index.ts';
import { openConfigVars } from './config-vars/index.ts';
import { Ballast, CollectionGate, reservedBytes, SpaceLedger } from './disk/index.ts';
import { requirePassable, type DataFolder } from './data-folder.ts';
import { openLocalRuntime, whyNoDiskImages } from './dyno/index.ts';
import { DynoOutputs, openFormation } from './formation/index.ts';
import {
  AcmeChallenges,
  Attachments,
  CertificateKeeper,
  openBuildpackFetcher,
  BuildCancellations,
  DiskKeeper,
  DynoLog,
  Launches,
  OneOffDynos,
  dynoVars,
  readCustomHosts,
  SlugCollector,
  Watchman,
  wantsMetrics,
  type Platform,
} from './lifecycle/index.ts';
import { PlatformError } from './errors/platform-error.ts';
import { Disposables } from './lib/disposables.ts';
import { FetchedBuildpacks } from './buildpack/index.ts';
import { FairSlots } from './lib/fair-slots.ts';
import { KeyedQueue } from './lib/keyed-queue.ts';
import { openOutbound } from './lib/outbound.ts';
import { UploadSlots } from './lib/upload-slots.ts';
import { packageRoot } from './lib/package-root.ts';
import { PathSigner } from './lib/signed-path.ts';
import { openSecretBox } from './lib/secret-box.ts';
import { ensureCertificate } from './lib/tls-certificate.ts';
import type { Logs } from './log.ts';
import { openLogplex } from './logplex/index.ts';
import type { AppId } from './model/ids.ts';
import { Metrics } from './metrics/index.ts';
import { openMirror, type Mirror } from './mirror/index.ts';
import { keepRules, openIsolation } from './network/index.ts';
import { openRepos } from './repo/index.ts';
import { openRouter, type Router } from './router/index.ts';
import { OutputStreams } from './output-stream/index.ts';
import { agreeOnKey } from './secret-key/index.ts';
import { openSlugStore } from './slug/index.ts';
import { SourceStore } from './source/index.ts';
import { openStore } from './store/index.ts';
import { runInSandbox } from './supervisor/index.ts';
import { Notices, Webhooks } from './webhook/index.ts';

export interface OpenPlatform extends AsyncDisposable {
  readonly platform: Platform;
  /** To be started when the routes are known. */
  readonly certificates: CertificateKeeper;
  readonly router: Router;
  readonly watchman: Watchman;
  readonly notices: Notices;
  /** What keeps builds and dynos apart on this machine. */
  readonly isolation: string;
  /** One line: what keeps builds and dynos to their limits on this machine. */
  readonly limits: string;
}

/** Where the control plane listens for the router. */
export interface PlatformSockets {
  readonly http: string;
  readonly rendezvous: string;
}

/** The only place that constructs things. Whatever it opened before a failure is closed again. */
export async function openPlatform(
  config: Config,
  secrets: Secrets,
  data: DataFolder,
  logs: Logs,
  sockets: PlatformSockets,
): Promise<OpenPlatform> {
  const opened = new Disposables();
  try {
    return await open(config, secrets, data, logs, sockets, opened);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

// One piece, because it is a list: what is constructed, from what, in which order.
// eslint-disable-next-line max-lines-per-function
async function open(
  config: Config,
  secrets: Secrets,
  data: DataFolder,
  logs: Logs,
  sockets: PlatformSockets,
  opened: Disposables,
): Promise<OpenPlatform> {
  const closing = new AbortController();
  const background = new BackgroundWork(logs);
  const store = opened.use(
    await openStore({ url: config.databaseUrl, log: logs.store, restoreId: await readRestoreId(data.root) }),
  );
  const secretKey = await agreeOnKey(store, secrets, data.root);
  await ensureFirstAccount(store, { email: config.adminEmail, token: secrets.apiKey });
  const certificate = await ensureCertificate(data.tls, config.domain, operatorCertificate(config));
  const mirror = config.mirror === null ? null : opened.use(await openBuildMirror(config, config.mirror, logs));
  const openings = mirror === null ? [] : [{ net: '127.0.0.1', port: mirror.port }];
  const isolation = await openIsolation(config, data.root, openings);
  const { sandbox, network } = isolation;
  if (!sandbox.hasPrivatePaths && process.getuid?.() === 0) await requirePassable(data.root);

  // Dynos that live on are still wired to it.
  opened.defer(async () => {
    if ((await readdir(data.dynos)).length === 0) await isolation.removeNetwork();
  });

  await sweepStaging(data.root);
  const groups = opened.use(await openCgroups(data.root));
  const { buildMemoryBytes, buildDiskBytes, dynoDiskBytes } = config.limits;
  const buildLimits = {
    ...{ memoryBytes: buildMemoryBytes, diskBytes: buildDiskBytes },
    ...{ workDir: data.builds, dir: data.root },
  };
  const noImages = await whyNoDiskImages(sandbox, data.builds);

  const configVars = openConfigVars(store, secretKey);
  const repos = await openRepos({ dir: data.repos, hooksDir: join(packageRoot, 'hooks'), log: logs.receiver });
  const slugs = await openSlugStore({ dir: data.slugs, log: logs.build });
  const inBackground: Platform['inBackground'] = (what, work) => {
    background.add(what, work);
  };
  const gate = new CollectionGate(data.holds, closing.signal);
  const collection = { reach: config.disk, gate, inBackground, closing: closing.signal };
  const slugCollector = new SlugCollector({ store, slugs, ...collection });
  const secretBox = openSecretBox(secretKey);
  let publicPort = config.port;
  const outbound = openOutbound({
    publicPort: () => publicPort,
    allowLoopback: config.allowLoopbackTargets,
    allowedNets: config.allowedNets,
  });
  const logplex = opened.use(await openLogplex({ dir: data.logs, log: logs.logplex, outbound }));
  const webhooks = opened.use(new Webhooks({ store, box: secretBox, outbound, log: logs.webhook }));
  const notices = opened.use(new Notices({ store, outbound, log: logs.platform, receiver: secrets.notify }));
  const dynoLog = opened.use(new DynoLog(logplex));
  const outputs = new DynoOutputs();
  const runtime = opened.use(
    await openLocalRuntime({
      dir: data.dynos,
      sandbox,
      groups,
      network: network?.dynos ?? null,
      disk: { bytes: dynoDiskBytes, hasImages: noImages === null },
      slugs,
      onOutput: (output) => {
        dynoLog.handle(output);
        outputs.handle(output);
      },
      onGone: ({ appId, uid, slug }) => {
        slugCollector.collect({ appId, uid, slugs: [slug] });
      },
      cursorOf: (appId, dynoId) => logplex.cursorOf(appId, dynoId),
      log: logs.dyno,
    }),
  );
  const oneOffs = opened.use(
    new OneOffDynos({
      attachMs: config.limits.attachTimeoutMs,
      hangUpEveryMs: 5_000,
      graceMs: config.limits.stopGraceMs,
    }),
  );
  const router = opened.use(
    await openRouter({
      runDir: data.run,
      bind: config.bind,
      port: config.port,
      execPort: config.execPort,
      domain: config.domain,
      platformSocket: sockets.http,
      rendezvousSocket: sockets.rendezvous,
      tls: certificate,
      onLog: (appId, lines) => {
        logplex.append(appId, lines);
      },
      cursorOf: (appId, reader) => logplex.cursorOf(appId, reader),
      flush: () => logplex.flush(),
      log: logs.router,
    }),
  );
  publicPort = router.port;
  if (network !== null) {
    await network.publish([router.port, ...(config.execPort === null ? [] : [config.execPort])]);
    opened.use(keepRules(network, logs.platform));
  }
  const challenges = new AcmeChallenges();
  const formation = await openFormation({
    store,
    runtime,
    router,
    logs: logplex,
    lastLines: (_appId, dynoId) => Promise.resolve(outputs.lastLines(dynoId)),
    readCustomHosts: (appId) =>
      readCustomHosts(appId, { store, secretBox, configVars, domain: config.domain, logs, challenges }),
    wantsMetrics: (appId) => wantsMetrics(appId, { store }),
    readConfigVars: (releaseId) => dynoVars(releaseId, { store, configVars }),
    domain: config.domain,
    limits: { bootTimeoutMs: config.limits.bootTimeoutMs, stopGraceMs: config.limits.stopGraceMs },
    keepOldOnFailedRollOut: config.keepOldOnFailedRollOut,
    log: logs.formation,
  });
  opened.defer(async () => {
    closing.abort();
    // First: a restart or roll-out that waits for a dyno to boot gives up then, instead of holding up the end.
    await formation.close();
    await background.settled();
  });

  const authority = await openAuthority(config);
  const certificates = opened.use(
    new CertificateKeeper(authority && { ...{ store, secretBox, challenges, formation, authority }, log: logs.acme }),
  );
  const sources = new SourceStore(data.sources, config.limits.sourceMaxBytes);
  const streams = opened.use(new OutputStreams(data.streams, logs.build));
  const caches = opened.use(new BuildCaches(data.cache, logs.build));
  const fetchedBuildpacks = new FetchedBuildpacks(
    data.buildpacks,
    openBuildpackFetcher({
      workDir: data.buildpacks,
      fetchEnv: config.buildEnvironment,
      guard: { outbound, mayReachLoopback: false, privateOrigins: config.privateSources },
    }),
  );
  await fetchedBuildpacks.sweep();
  const disk = opened.use(
    new DiskKeeper({
      ...{ store, slugs, slugCollector, caches, fetchedBuildpacks, repos, streams, sources, gate, inBackground },
      ledger: new SpaceLedger(data.root, (totalBytes) => reservedBytes(config.disk, totalBytes)),
      ballast: new Ballast(data.root, data.ballast, logs.platform),
      paths: data,
      root: data.root,
      limits: config.disk,
      log: logs.platform,
      closing: closing.signal,
    }),
  );

  const platform: Platform = {
    urls: platformUrls(config.domain, router.port),
    domain: config.domain,
    stack: 'heroku-24',
    region: 'us',
    limits: config.limits,
    privateSources: config.privateSources,
    store,
    guesses: new GuessLimit({
      onPause: (pause) => {
        logs.platform.warn(pause, 'too many wrong credentials from one address');
      },
    }),
    repos,
    slugs,
    slugCollector,
    disk,
    sources,
    slugUploads: new UploadSlots({ perOwner: 2, total: 8 }),
    streams,
    signer: new PathSigner(secretKey),
    configVars,
    secretBox,
    outbound,
    buildTools: {
      sandbox,
      runInSandbox: wireScripts(await limitScripts(runInSandbox, groups, buildLimits), network?.builds ?? null),
      slugs,
      buildpacksDir: join(packageRoot, 'buildpacks'),
      fetchedBuildpacks,
      registryFile: config.buildpackRegistry,
      caches,
      workDir: data.builds,
      platformEnv: config.buildEnvironment,
      mirror,
      log: logs.build,
    },
    builds: new KeyedQueue<AppId>(),
    buildSlots: new FairSlots(config.limits.maxBuilds),
    cancellations: new BuildCancellations(),
    launches: new Launches(),
    formation,
    runtime,
    outputs,
    oneOffs,
    attachments: new Attachments(),
    attachBy: config.attachBy,
    metrics: new Metrics(),
    logplex,
    webhooks,
    certificates,
    logs,
    inBackground,
    closing: closing.signal,
  };
  const watched = { ...config.watch, certificate: config.tls === null ? null : certificate.cert };
  const watchman = opened.use(new Watchman(platform, notices, watched));
  return {
    platform,
    certificates,
    router,
    watchman,
    notices,
    isolation: `${sandbox.rung} (${isolation.description})`,
    limits: `${groups.description}; ${describeDiskBounds(noImages)}`,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

function platformUrls(domain: string, port: number): Platform['urls'] {
  const host = `${domain}:${port}`;
  return {
    api: `http://${host}`,
    git: (app) => `https://${host}/${app}.git`,
    web: (app) => `http://${app}.${host}/`,
  };
}

/** Null: the operator has agreed to no authority's terms. */
async function openAuthority({ acme }: Config): Promise<AcmeAuthority | null> {
  if (acme === null) return null;
  const { email, directory, caPath } = acme;
  try {
    return new AcmeAuthority({ email, directory, ca: caPath === null ? null : await readFile(caPath, 'utf8') });
  } catch (error) {
    throw new PlatformError(
      'invalid_params',
      `HOKKU_ACME_CA=${JSON.stringify(caPath)} can't be read. Give the path of a PEM file, or leave it out for a publicly trusted authority.`,
      { cause: error },
    );
  }
}

function describeDiskBounds(noImages: string | null): string {
  if (noImages === null) return 'a file system of its own for what each dyno writes';
  return `what dynos write is measured, without file systems of their own: ${noImages}`;
}

async function openBuildMirror(config: Config, { dir, isRecording }: MirrorChoice, logs: Logs): Promise<Mirror> {
  const { privateSources: privateOrigins, buildEnvironment: environment } = config;
  try {
    return await openMirror({ dir, isRecording, privateOrigins, environment, log: logs.build });
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new PlatformError('unavailable', `HOKKU_MIRROR can't be read: ${dir} (${code}). Make the folder first.`, {
      cause,
    });
  }
}

function operatorCertificate({ tls }: Config): { cert: string; key: string } | undefined {
  return tls === null ? undefined : { cert: tls.certPath, key: tls.keyPath };
}
