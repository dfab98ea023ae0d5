import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, readEnvironment, sandboxOptions, type Config, type MirrorChoice } from '../config/index.ts';
import type { BuildpackFetcher } from '../buildpack/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { openOutbound } from '../lib/outbound.ts';
import type { Mirror } from '../mirror/index.ts';
import { packageRoot } from '../lib/package-root.ts';
import { openLogs, type Logger } from '../log.ts';
import { probeSandbox, SandboxUnavailableError, type Sandbox } from '../supervisor/index.ts';
import { Bench } from '../workbench/index.ts';
import type { Terminal } from './terminal.ts';

export interface BenchSettings {
  readonly timeoutMs?: number;
  /** Instead of HOKKU_MIRROR. */
  readonly mirror?: MirrorChoice;
}

/** A bench with the settings of this machine and the best sandbox that works here, which is named on standard error. */
export async function openBench(terminal: Terminal, options: BenchSettings = {}): Promise<Bench> {
  const log = openLogs('warn', process.stderr.isTTY).build;
  const config = loadConfig(readEnvironment(), { isRoot: process.getuid?.() === 0, cwd: process.cwd() });
  const sandbox = await bestSandbox(config, terminal);
  terminal.err(`hokku: isolation ${sandbox.description}\n`);
  const { buildTimeoutMs, slugMaxBytes, slugSoftBytes } = config.limits;
  return await Bench.open({
    sandbox,
    buildpacksDir: join(packageRoot, 'buildpacks'),
    registryFile: config.buildpackRegistry,
    platformEnv: config.buildEnvironment,
    limits: { timeoutMs: options.timeoutMs ?? buildTimeoutMs, slugMaxBytes, slugSoftBytes },
    openFetcher: (workDir) => fetcherIn(workDir, config),
    mirror: await openBenchMirror(config, options.mirror, log),
    log,
  });
}

/** Unlike a platform, a bench runs what its user has at hand anyway: it does without walls where there are none. */
async function bestSandbox(config: Config, terminal: Terminal): Promise<Sandbox> {
  const choice = config.sandbox === 'none' ? null : config.sandbox;
  try {
    return await probeSandbox(sandboxOptions(config, choice));
  } catch (error) {
    if (!(error instanceof SandboxUnavailableError) || choice !== null) throw error;
    terminal.err(
      'hokku: no sandbox works here (`hokku doctor` says why), so the scripts run as you and see all that you see\n',
    );
    return await probeSandbox(sandboxOptions(config, 'process'));
  }
}

/** Most builds fetch nothing, and what fetches takes a while to load. Whoever calls it names addresses that he reaches anyway. */
function fetcherIn(workDir: string, config: Config): BuildpackFetcher {
  const load = async (): Promise<BuildpackFetcher> => {
    const { openBuildpackFetcher } = await import('../lifecycle/index.ts');
    const { port, allowedNets, privateSources, buildEnvironment } = config;
    const outbound = openOutbound({ publicPort: () => port, allowLoopback: true, allowedNets });
    const guard = { outbound, mayReachLoopback: true, privateOrigins: privateSources };
    return openBuildpackFetcher({ workDir, fetchEnv: buildEnvironment, guard });
  };
  return {
    findCommit: async (...args) => (await load()).findCommit(...args),
    fetchCommit: async (...args) => (await load()).fetchCommit(...args),
    fetchArchive: async (...args) => (await load()).fetchArchive(...args),
  };
}

async function openBenchMirror(config: Config, chosen: MirrorChoice | undefined, log: Logger): Promise<Mirror | null> {
  const choice = chosen ?? config.mirror;
  if (choice === null) return null;
  const { dir, isRecording } = choice;
  const { privateSources: privateOrigins, buildEnvironment: environment } = config;
  try {
    if (isRecording) await mkdir(dir, { recursive: true });
    // Few need it, and its certificates take a while to load.
    const { openMirror } = await import('../mirror/index.ts');
    return await openMirror({ dir, isRecording, privateOrigins, environment, log });
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new PlatformError(
      'unavailable',
      `The mirror ${dir} can't be read (${code}). Record it first, or name another folder.`,
      {
        cause: error,
      },
    );
  }
}
