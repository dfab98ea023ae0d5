export { openLogplex } from './logplex.ts';
export type { Logplex, LogplexLimits } from './logplex.ts';
export { parseDrainUrl, type DrainAddress } from './drain/drain-address.ts';
export type { LogSession } from './log-session.ts';
