export { Metrics, type DynoReading, type Gauges } from './metrics.ts';
