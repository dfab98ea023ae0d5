export { healthPlugin, type HealthState } from './health-plugin.ts';
export { Readiness } from './readiness.ts';
