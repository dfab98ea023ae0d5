import { loadConfig, readEnvironment } from '../config/index.ts';
import { startServer } from '../server.ts';
import { requireMachine } from './doctor/index.ts';
import { stopSignal } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';

export async function serverCommand(terminal: Terminal): Promise<number> {
  const env = readEnvironment();
  const config = loadConfig(env, { isRoot: process.getuid?.() === 0, cwd: process.cwd() });
  if (!(await requireMachine(terminal))) return 1;

  using stop = stopSignal();
  await using server = await startServer(config, env, process.stderr.isTTY);
  terminal.out(`hokku: listening on ${server.url} (data in ${config.dataDir})\n`);
  terminal.out(`hokku: isolation ${server.isolation}\n`);
  terminal.out(`hokku: limits ${server.limits}\n`);
  if (server.newApiKey !== null) terminal.out(`hokku: token of ${config.adminEmail}: ${server.newApiKey}\n`);

  const signal = await stop.received;
  if (signal === 'SIGINT') {
    terminal.out('hokku: stopping the apps and the platform\n');
    await server.stopEverything();
    return 130;
  }
  terminal.out('hokku: the platform stops; apps keep running for the next start (hokku stop ends them)\n');
  return 0;
}
