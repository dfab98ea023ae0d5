import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';
import { packageRoot } from '../lib/package-root.ts';
import type { Logger } from '../log.ts';
import type { LogIntake } from './control-connection.ts';
import { defaultLimits, type RouterLimits } from './limits.ts';
import type { Router } from './router.ts';
import { RouterClient } from './router-client.ts';
import type { RouterSettings } from './router-settings.ts';

export interface RouterOptions extends LogIntake {
  /** For the control socket, the pid file and the process's own log. */
  readonly runDir: string;
  readonly bind: string;
  /** 0: any free port, or that of the router which is adopted. */
  readonly port: number;
  /** The same port is served on this one too; null: on no other one. */
  readonly execPort: number | null;
  readonly domain: string;
  /** Where the control plane listens for requests to the platform itself. */
  readonly platformSocket: string;
  /** Where it takes connections that do not speak HTTP: clients of one-off dynos. */
  readonly rendezvousSocket: string;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly limits?: Partial<RouterLimits>;
  readonly log: Logger;
}

/** Longest path of a unix socket on Linux, without its final zero byte. */
const maxSocketPath = 107;

/**
 * Adopts the live router of `runDir` if it has the same settings (no connection is dropped), else starts one, in place
 * of one with other settings. Whenever the router dies it is started again on its port, with all routes.
 * @throws PlatformError when the port cannot be had.
 */
export async function openRouter(options: RouterOptions): Promise<Router> {
  await mkdir(options.runDir, { recursive: true, mode: 0o700 });
  const controlSocket = join(options.runDir, 'router.sock');
  if (Buffer.byteLength(controlSocket) > maxSocketPath) {
    throw new PlatformError(
      'unavailable',
      `The path ${controlSocket} is too long for a socket (at most ${maxSocketPath} bytes). Choose a shorter HOKKU_DATA_DIR.`,
    );
  }
  const settings: RouterSettings = {
    bind: options.bind,
    port: options.port,
    execPort: options.execPort,
    domain: options.domain,
    platformSocket: options.platformSocket,
    rendezvousSocket: options.rendezvousSocket,
    controlSocket,
    pidFile: join(options.runDir, 'router.pid'),
    tls: { cert: options.tls.cert, key: options.tls.key },
    version: hokkuVersion(),
    limits: options.limits ?? {},
  };
  const stopMs = (options.limits?.stopMs ?? defaultLimits.stopMs) + 2_000;
  const client = new RouterClient({ settings, runDir: options.runDir, stopMs, intake: options, log: options.log });
  await client.open();
  return client;
}

function hokkuVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
