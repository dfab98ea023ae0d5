import type { Environment } from '../../config/index.ts';
import { startProcess } from '../../lib/spawn.ts';
import { ClientError } from './client-error.ts';

/** Starts the browser and leaves it alone. It gets the URL as one argument; no shell reads it. */
export async function openBrowser(url: string, env: Environment): Promise<void> {
  const named = env['BROWSER'] ?? '';
  const system = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const program = named === '' ? system : named;
  const known = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const child = startProcess(program, [url], { env: known, stdio: 'ignore', detached: true });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(
        new ClientError(`${program} cannot be started. Set BROWSER to a program, or open ${url} yourself.`, { cause }),
      );
    });
  });
  child.unref();
}
