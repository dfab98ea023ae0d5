import type { DynoUsage } from '../model/dyno.ts';
import type { AppId, DynoId, DynoName } from '../model/ids.ts';

const periodsMs = [60_000, 300_000, 900_000] as const;
const mebibyte = 1024 * 1024;

/** Runnable tasks, damped over 1, 5 and 15 minutes. Source: logging.md section 5 */
export class LoadAverage {
  #averages: readonly number[] = [0, 0, 0];

  add(runnable: number, elapsedMs: number): void {
    this.#averages = this.#averages.map((average, index) => {
      const damping = Math.exp(-elapsedMs / (periodsMs[index] ?? 1));
      return (1 - damping) * runnable + damping * average;
    });
  }

  get values(): readonly number[] {
    return this.#averages;
  }
}

export interface MetricsSource {
  readonly appId: AppId;
  readonly dynoId: DynoId;
  readonly name: DynoName;
  readonly quotaBytes: number;
}

/** The two lines that `heroku labs:enable log-runtime-metrics` asks for. Source: logging.md section 5 */
export function metricsLines(source: MetricsSource, usage: DynoUsage, load: LoadAverage): readonly string[] {
  const { rssBytes, cacheBytes, swapBytes, pagesIn, pagesOut } = usage;
  const from = `source=${source.name} dyno=heroku.${source.appId}.${source.dynoId}`;
  const [one = 0, five = 0, fifteen = 0] = load.values;
  const sizes = { total: rssBytes + cacheBytes + swapBytes, rss: rssBytes, cache: cacheBytes, swap: swapBytes };
  const memory = Object.entries(sizes).map(([name, bytes]) => `sample#memory_${name}=${megabytes(bytes)}`);
  return [
    `${from} sample#load_avg_1m=${one.toFixed(2)} sample#load_avg_5m=${five.toFixed(2)} sample#load_avg_15m=${fifteen.toFixed(2)}`,
    `${from} ${memory.join(' ')} sample#memory_pgpgin=${pagesIn}pages sample#memory_pgpgout=${pagesOut}pages sample#memory_quota=${megabytes(source.quotaBytes)}`,
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(2)}MB`;
}
