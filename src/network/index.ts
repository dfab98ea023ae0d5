export { openIsolation, StrictIsolationError, type Isolation } from './open-isolation.ts';
export { NetworkUnavailableError, openNetwork, type LocalNetwork, type NetworkOptions } from './open-network.ts';
