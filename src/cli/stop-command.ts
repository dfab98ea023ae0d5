import { loadConfig, readEnvironment, type Config, type Environment } from '../config/index.ts';
import { isAlive } from '../lib/process-identity.ts';
import { startServer, type RunningServer } from '../server.ts';
import { SandboxUnavailableError } from '../supervisor/index.ts';
import { findDataDir } from './local-platform.ts';
import { readLock } from '../data-folder.ts';
import type { Terminal } from './terminal.ts';

/**
 * Stops everything that belongs to a data folder: the running server, then the router and the dynos that outlived it.
 * A server is started for a moment to take them over, so that there is one way to stop a dyno.
 */
export async function stopCommand(terminal: Terminal): Promise<number> {
  const env = readEnvironment();
  const isRoot = process.getuid?.() === 0;
  const dataDir = findDataDir(env, process.cwd(), isRoot);
  const holder = await readLock(dataDir);
  if (holder !== null && isAlive(holder)) {
    process.kill(holder.pid, 'SIGINT');
    const deadline = Date.now() + 120_000;
    while (isAlive(holder)) {
      if (Date.now() > deadline) {
        terminal.err(`hokku: process ${holder.pid} did not stop in 120 s\n`);
        return 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } else {
    const config = loadConfig(
      { ...env, HOKKU_DATA_DIR: dataDir, HOKKU_LOG_LEVEL: 'error' },
      { isRoot, cwd: process.cwd() },
    );
    await using server = await startToStop(config, env);
    await server.stopEverything();
  }
  terminal.out(`hokku: nothing of ${dataDir} is running any more\n`);
  return 0;
}

/** What runs can be ended where nothing could be started: its sandbox may have been lost, or been asked for by a setting. */
async function startToStop(config: Config, env: Environment): Promise<RunningServer> {
  try {
    return await startServer(config, env, false);
  } catch (error) {
    if (!(error instanceof SandboxUnavailableError)) throw error;
    return startServer({ ...config, sandbox: 'none' }, env, false);
  }
}
