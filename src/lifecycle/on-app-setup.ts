import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest, type Manifest } from '../app/index.ts';
import { failureLines } from '../build/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { AppSetup } from '../model/app-setup.ts';
import type { App } from '../model/app.ts';
import type { BuildFailure, SourceBlob, SourceTree } from '../model/build.ts';
import type { Transaction } from '../store/index.ts';
import { createApp, type AppRequest } from './create-app.ts';
import { setBuildpacks } from './change-app.ts';
import { destroyApp } from './destroy-app.ts';
import { deployBlob, openBlob, recordBuild } from './on-build-request.ts';
import { onConfigChange } from './on-config-change.ts';
import type { Platform } from './platform.ts';
import { runPostdeploy } from './run-postdeploy.ts';

export interface AppSetupRequest {
  readonly blob: SourceBlob;
  readonly app: AppRequest;
  readonly overrides: {
    readonly env: Readonly<Record<string, string>>;
    readonly buildpacks: readonly string[] | null;
  };
  /** The part of `environments` in the `app.json` that applies. */
  readonly environment: 'review' | null;
}

const maxManifestBytes = 256 * 1024;

const cutShort = {
  timeout: 'was stopped at its time limit',
  abort: 'was stopped before its end',
  stop: 'was stopped by a user',
};

/** Ends a setup; whoever made it reads the message. */
class SetupFailure extends Error {
  readonly manifestErrors: readonly string[];

  constructor(message: string, manifestErrors: readonly string[] = []) {
    super(message);
    this.manifestErrors = manifestErrors;
  }
}

/**
 * Makes an app from a source with an `app.json`: app, config vars, buildpacks, formation, build, postdeploy script. Resolves
 * once app and record are there; the rest goes on in the background. When something of it fails, the app goes and the
 * record stays. `also`: what is stored with the app, or not at all. Source: https://devcenter.heroku.com/articles/setting-up-apps-using-the-heroku-platform-api
 */
export async function onAppSetup(
  request: AppSetupRequest,
  actor: Actor,
  platform: Platform,
  also: (setup: AppSetup, tx: Transaction) => Promise<void> = () => Promise.resolve(),
): Promise<AppSetup> {
  let setup: AppSetup | undefined;
  const app = await createApp(request.app, actor, platform, async ({ id, name }, tx) => {
    setup = await tx.appSetups.create({ accountId: actor.accountId, appId: id, appName: name });
    await also(setup, tx);
  });
  if (setup === undefined) throw new Error('Internal: an app setup without a record');
  platform.inBackground('app setup', setUp(app, setup, request, actor, platform));
  return setup;
}

/** For the start: setups that the last platform process did not bring to an end. */
export async function failInterruptedSetups(platform: Platform): Promise<void> {
  for (const setup of await platform.store.appSetups.listPending()) {
    await fail(setup, new SetupFailure('the platform was stopped during the setup; create it again'), platform);
  }
}

async function setUp(
  app: App,
  setup: AppSetup,
  request: AppSetupRequest,
  actor: Actor,
  platform: Platform,
): Promise<void> {
  try {
    await runSetup(app, setup, request, actor, platform);
    await platform.store.appSetups.update(setup.id, { status: 'succeeded' });
  } catch (error) {
    // The next start fails it.
    if (platform.closing.aborted) return;
    const isGone = (await platform.store.apps.findById(app.id)) === null;
    if (isGone) await fail(setup, new SetupFailure('the app was destroyed during its setup'), platform);
    else if (error instanceof SetupFailure) await fail(setup, error, platform);
    else if (error instanceof PlatformError) await fail(setup, new SetupFailure(error.message), platform);
    else {
      await fail(
        setup,
        new SetupFailure('an error of the platform; its operator finds the cause in its log'),
        platform,
      );
      throw error;
    }
  }
}

/** The app goes first: a setup that is still pending at the next start is failed again. */
async function fail(setup: AppSetup, failure: SetupFailure, platform: Platform): Promise<void> {
  const app = await platform.store.apps.findById(setup.appId);
  if (app !== null) await destroyApp(app, platform, { keepStreams: true });
  const { message: failureMessage, manifestErrors } = failure;
  await platform.store.appSetups.update(setup.id, { status: 'failed', failureMessage, manifestErrors });
}

async function runSetup(
  app: App,
  setup: AppSetup,
  request: AppSetupRequest,
  actor: Actor,
  platform: Platform,
): Promise<void> {
  using ending = platform.cancellations.register(app.id, platform.closing);
  const dir = join(platform.buildTools.workDir, `${setup.id}.setup`);
  const opened = await openBlob(app, request.blob, dir, ending.signal, platform);
  if (opened.status === 'failed') throw new SetupFailure(`the source could not be used: ${describe(opened.failure)}`);
  await using source = opened.source;
  const manifest = await readManifest(source, request, platform);

  if (Object.keys(manifest.env).length > 0) await onConfigChange(app, manifest.env, actor, platform);
  if (manifest.buildpacks.length > 0) await setBuildpacks(app, manifest.buildpacks, platform);
  await platform.store.transaction(async (tx) => {
    for (const { type, quantity, size } of manifest.formation) await tx.formation.set(app.id, type, { quantity, size });
  });
  await deploy(app, setup, request.blob, source, actor, platform);
  if (manifest.postdeploy !== null) await postdeploy(app, setup, manifest.postdeploy, ending.signal, platform);
  if (manifest.successUrl !== null) {
    const successUrl = resolveUrl(manifest.successUrl, platform.urls.web(app.name));
    await platform.store.appSetups.update(setup.id, { successUrl });
  }
}

async function readManifest(source: SourceTree, request: AppSetupRequest, platform: Platform): Promise<Manifest> {
  const text = await readPlainFile(join(source.dir, 'app.json'));
  if (text === null) throw new SetupFailure('app.json not found');
  const parsed = parseManifest(text, { ...request.overrides, environment: request.environment, stack: platform.stack });
  if (parsed.status === 'invalid') throw new SetupFailure('invalid app.json', parsed.errors);
  return parsed.manifest;
}

/** Null when there is none, or something else than a plain file of a sensible size: a link could lead anywhere. */
async function readPlainFile(path: string): Promise<string | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) return null;
    if (stats.size > maxManifestBytes) {
      throw new SetupFailure('invalid app.json', [`app.json is larger than ${maxManifestBytes} bytes`]);
    }
    return await file.readFile('utf8');
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

async function deploy(
  app: App,
  setup: AppSetup,
  blob: SourceBlob,
  source: SourceTree,
  actor: Actor,
  platform: Platform,
): Promise<void> {
  const record = await recordBuild(app, { blob, buildpacks: null }, actor, platform);
  await platform.store.appSetups.update(setup.id, { buildId: record.id });
  const origin = {
    version: blob.version,
    buildpacks: null,
    open: () => Promise.resolve({ status: 'exported', source } as const),
    describe: () => Promise.resolve(blob.versionDescription),
  };
  const outcome = await deployBlob(app, record, origin, actor, platform);
  if (outcome.status === 'app-destroyed') throw new SetupFailure('the app was destroyed during its setup');
  if (outcome.status === 'build-failed') throw new SetupFailure(`the build failed: ${describe(outcome.failure)}`);
  if (outcome.launch.status === 'release-phase-failed') {
    throw new SetupFailure(`the release failed: ${outcome.launch.why}`);
  }
}

async function postdeploy(
  app: App,
  setup: AppSetup,
  command: string,
  signal: AbortSignal,
  platform: Platform,
): Promise<void> {
  const { endedBy, ...result } = await runPostdeploy(app, command, signal, platform);
  // What a script makes of SIGTERM says nothing about it: the setup stays pending, and the next start fails it.
  platform.closing.throwIfAborted();
  await platform.store.appSetups.update(setup.id, { postdeploy: result });
  if (endedBy !== 'exit') throw new SetupFailure(`the postdeploy script ${cutShort[endedBy]}`);
  if (result.exitCode !== 0) throw new SetupFailure(`the postdeploy script exited with status ${result.exitCode}`);
}

function resolveUrl(url: string, base: string): string | null {
  if (!URL.canParse(url, base)) return null;
  const resolved = new URL(url, base);
  return /^https?:$/.test(resolved.protocol) ? resolved.href : null;
}

function describe(failure: BuildFailure): string {
  if ('detail' in failure && failure.detail !== '') return failure.detail;
  return failureLines(failure)
    .map((line) => line.replace(/^ !\s+/, '').trim())
    .filter((line) => line !== '' && line !== 'Push failed')
    .join(' ');
}
