export {
  databaseKind,
  defaultDataDir,
  loadConfig,
  type Config,
  type ConfigLimits,
  type DiskLimits,
  type MirrorChoice,
  type SandboxChoice,
} from './config.ts';
export type { NetworkOpening } from './network-settings.ts';
export { sandboxOptions } from './sandbox-options.ts';
export { readEnvironment, type Environment } from './env.ts';
export { loadSecrets, readApiKey, readKeyFile, readSecretKey, secretKeyFile, type Secrets } from './secrets.ts';
