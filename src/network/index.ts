export type { LocalNetwork } from './bridged-network.ts';
export { keepRules } from './keep-rules.ts';
export { openIsolation, StrictIsolationError, type Isolation } from './open-isolation.ts';
