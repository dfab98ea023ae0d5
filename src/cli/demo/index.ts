import { join, resolve } from 'node:path';
import { loadConfig, readEnvironment } from '../../config/index.ts';
import { PlatformError } from '../../errors/platform-error.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { isPortFree } from '../../lib/port.ts';
import { startServer, type RunningServer } from '../../server.ts';
import { requireMachine } from '../doctor/index.ts';
import { stopSignal } from '../stop-signals.ts';
import type { Terminal } from '../terminal.ts';
import { firstAnswer } from './first-answer.ts';
import { pushFixture } from './push-fixture.ts';
import { reachesPackageIndex } from './package-index.ts';

const appName = 'hello';

/**
 * A platform on its embedded defaults in ./.hokku, a Python app pushed to it with git over HTTP, its page's first 200.
 * Each run deploys anew. `--once` leaves nothing running and exits 0 after that answer; else it stays until Ctrl-C.
 */
export async function demoCommand(options: { readonly once?: true }, terminal: Terminal): Promise<number> {
  const env = readEnvironment();
  const dataDir = resolve(process.cwd(), (env['HOKKU_DATA_DIR'] ?? '') || '.hokku');
  const settings = { HOKKU_LOG_LEVEL: 'warn', ...env, HOKKU_DATA_DIR: dataDir };
  const wanted = loadConfig(settings, { isRoot: process.getuid?.() === 0, cwd: process.cwd() });
  if (!(await requireMachine(terminal))) return 1;

  const portIsFree = wanted.port === 0 || (await isPortFree(wanted.port, wanted.bind));
  if (!portIsFree) terminal.out(`hokku: port ${wanted.port} is in use, taking a free one\n`);
  const config = portIsFree ? wanted : { ...wanted, port: 0 };

  using stop = stopSignal();
  await using server = await startServer(config, env, process.stderr.isTTY);
  terminal.out(`hokku: listening on ${server.url} (data in ${config.dataDir})\n`);
  terminal.out(`hokku: isolation ${server.isolation}\n`);
  try {
    const interrupted = stop.received.then(() => 130);
    const status = await Promise.race([pushAndShow(server, env, terminal), interrupted]);
    if (status !== 0) return status;
    if (options.once === true) return 0;
    terminal.out('\nCtrl-C stops the demo.\n');
    await stop.received;
    return 0;
  } finally {
    await server.stopEverything();
  }
}

async function pushAndShow(
  server: RunningServer,
  env: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Promise<number> {
  const online = await reachesPackageIndex(env);
  const fixture = online ? 'python-django' : 'python-stdlib';
  if (!online)
    terminal.out('hokku: no Python package index can be reached, so the app without dependencies is pushed\n');
  await createApp(server);

  terminal.out(`\n$ git push heroku main    # ${join('fixtures', 'apps', fixture)}\n`);
  const exitCode = await pushFixture({
    fixtureDir: join(packageRoot, 'fixtures', 'apps', fixture),
    remote: `http://hokku:${encodeURIComponent(server.apiKey)}@${new URL(server.clientUrl).host}/${appName}.git`,
    env,
  });
  if (exitCode === 130) return 130;
  if (exitCode !== 0) {
    terminal.err(`hokku: the push failed (git exited with ${exitCode}); its output above says why\n`);
    return 1;
  }
  const url = server.platform.urls.web((await requireApp(server)).name);
  const milliseconds = await firstAnswer(server.clientUrl, new URL(url).hostname);
  terminal.out(`\n${url} answered 200 in ${milliseconds} ms\n`);
  terminal.out('\nWhile it runs, this points the heroku CLI and git at the platform:\n\n');
  terminal.out(`  eval "$(node ${join(packageRoot, 'dist', 'main.js')} env)"\n`);
  return 0;
}

async function requireApp(
  server: RunningServer,
): Promise<{ readonly name: Parameters<RunningServer['platform']['urls']['web']>[0] }> {
  const app = await server.platform.store.apps.findByName(appName);
  if (app === null) throw new PlatformError('not_found', `The app ${appName} is gone.`);
  return app;
}

/** Through the front door, as any client would. An app that an earlier run made is kept. */
async function createApp(server: RunningServer): Promise<void> {
  const response = await fetch(`${server.clientUrl}/apps`, {
    method: 'POST',
    headers: {
      accept: 'application/vnd.heroku+json; version=3',
      authorization: `Bearer ${server.apiKey}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ name: appName }),
  });
  if (response.ok) return;
  const exists = (await server.platform.store.apps.findByName(appName)) !== null;
  if (!exists)
    throw new PlatformError('internal_server_error', `Couldn't create the app ${appName}: ${await response.text()}`);
}
