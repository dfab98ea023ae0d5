import { isAbsolute } from 'node:path';
import type { Config, SandboxChoice } from './config.ts';

/**
 * What the probe for a sandbox has to know. `hide`: what builds and dynos must not see even where they run as the
 * platform's own user, its state and its certificate's key. `keep`: the machine's files that builds are told to read.
 */
export function sandboxOptions(
  { dataDir, tls, buildEnvironment }: Config,
  choice: SandboxChoice | null,
): { readonly hide: readonly string[]; readonly keep: readonly string[]; readonly want?: SandboxChoice } {
  const keep = Object.values(buildEnvironment).filter((value) => isAbsolute(value));
  const certificate = tls === null || keep.includes(tls.certPath) ? [] : [tls.certPath];
  const hide = [dataDir, ...certificate, ...(tls === null ? [] : [tls.keyPath])];
  return { hide, keep, ...(choice === null ? {} : { want: choice }) };
}
