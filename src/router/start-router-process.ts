import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '../errors/platform-error.ts';
import { distPath } from '../lib/package-root.ts';
import { startProcess } from '../lib/spawn.ts';
import { isAlive, signalProcess, type ProcessIdentity } from '../lib/process-identity.ts';
import type { RouterSettings, StartReport } from './router-settings.ts';

const startTimeoutMs = 20_000;
const maxLogBytes = 1024 * 1024;
const maxReportBytes = 64 * 1024;

/**
 * Starts a router in a session of its own, with nothing of our environment, and resolves to its port once it takes
 * requests. @throws PlatformError when it cannot have the port.
 */
export async function startRouterProcess(settings: RouterSettings, runDir: string): Promise<number> {
  const program = distPath('router', 'router-process.js');
  if (!existsSync(program)) throw new Error(`Internal: ${program} is missing. Run npm run build.`);
  const log = openLog(join(runDir, 'router.log'));
  const child = startProcess(process.execPath, [program], {
    cwd: runDir,
    stdio: ['pipe', 'pipe', log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('Internal: the router was started without pipes');
  stdin.on('error', () => undefined);
  stdin.end(JSON.stringify(settings));
  const report = await new Promise<StartReport>((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(`The router did not start within ${startTimeoutMs / 1000} s. See ${join(runDir, 'router.log')}.`),
      );
    }, startTimeoutMs);
    stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.length > maxReportBytes) child.kill('SIGKILL');
      if (!said.includes('\n')) return;
      clearTimeout(timer);
      resolve(JSON.parse(said) as StartReport);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      const how = signal ?? `exit status ${code ?? 0}`;
      setImmediate(reject, new Error(`The router ended at its start (${how}). See ${join(runDir, 'router.log')}.`));
    });
  }).finally(() => {
    stdout.destroy();
  });
  if (report.is === 'failed') throw startError(report, settings);
  return report.port;
}

/** Ends a router: SIGTERM, and SIGKILL to one that has not ended after `graceMs`. */
export async function endRouterProcess(router: ProcessIdentity, graceMs: number): Promise<void> {
  signalProcess(router, 'SIGTERM');
  if (await goneWithin(router, graceMs)) return;
  signalProcess(router, 'SIGKILL');
  await goneWithin(router, 2_000);
}

async function goneWithin(router: ProcessIdentity, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (isAlive(router)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Opened for appending, so that the process can empty it when it has grown. */
function openLog(path: string): number {
  if (existsSync(path) && statSync(path).size > maxLogBytes) renameSync(path, `${path}.old`);
  return openSync(path, 'a', 0o600);
}

function startError(report: StartReport & { is: 'failed' }, { bind, execPort }: RouterSettings): Error {
  const { port } = report;
  const setting = port === execPort ? 'HOKKU_EXEC_PORT' : 'HOKKU_PORT';
  switch (report.code) {
    case 'EADDRINUSE':
      return new PlatformError(
        'unavailable',
        `Port ${port} on ${bind} is taken by another program. Stop that program, or set ${setting} to a free port.`,
      );
    case 'EACCES':
      return new PlatformError(
        'unavailable',
        `This user may not listen on port ${port}. Set ${setting} to a port from 1024 up, or run as root.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new PlatformError(
        'unavailable',
        `${bind} is not an address of this machine. Set HOKKU_BIND to one of its addresses.`,
      );
    default:
      return new PlatformError('unavailable', `The router could not start: ${report.code} ${report.message}`);
  }
}
