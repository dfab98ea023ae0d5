export { healthPlugin, type HealthState } from './health-plugin.ts';
