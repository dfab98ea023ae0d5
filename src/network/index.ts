export type { LocalNetwork } from './bridged-network.ts';
export { openIsolation, StrictIsolationError, type Isolation } from './open-isolation.ts';
