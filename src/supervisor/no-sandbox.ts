import { PlatformError } from '../errors/platform-error.ts';
import type { Sandbox } from './types.ts';

/** For a platform that is only there to end what runs, on a machine where nothing may be started. */
export const noSandbox: Sandbox = {
  rung: 'process',
  description: 'nothing is started',
  hasPrivatePaths: true,
  wrap: refuse,
  wrapInside: refuse,
};

function refuse(): never {
  throw new PlatformError('unavailable', 'Nothing can be started here: no sandbox works. `hokku doctor` says why.');
}
