export { Metrics, type Gauges } from './metrics.ts';
