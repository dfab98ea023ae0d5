import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';

export interface DynoReading {
  readonly app: string;
  readonly type: string;
  /** A name that does not change with every start. */
  readonly dyno: string;
  readonly memoryBytes: number;
  readonly cpuSeconds: number | null;
}

/** What is read anew for every answer. */
export interface Gauges {
  readonly apps: number;
  readonly dynos: readonly { readonly app: string; readonly type: string; readonly state: string }[];
  readonly usages: readonly DynoReading[];
  readonly pendingBuilds: number;
  readonly waitingBuilds: number;
  readonly pendingReleases: number;
  /** Of the file system with the data folder; null: it can't be asked. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number; readonly freeInodes: number } | null;
}

/** Seconds. */
const buildBuckets = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900];

/**
 * Counts what this process does, and writes it with what others have counted. Counters begin at 0 with the process.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #builds = this.#counter('hokku_builds_total', 'Builds that ended.', 'result');
  readonly #releases = this.#counter('hokku_releases_total', 'Releases whose launch ended.', 'result');
  readonly #requests = this.#counter('hokku_platform_requests_total', 'Requests to the platform.', 'door', 'status');
  readonly #buildSeconds = new Histogram({
    name: 'hokku_build_duration_seconds',
    help: 'From the turn of a build to its slug or its failure.',
    buckets: buildBuckets,
    registers: [this.#registry],
  });
  readonly #apps = this.#gauge('hokku_apps', 'Apps.');
  readonly #dynos = this.#gauge('hokku_dynos', 'Dynos of the formation and one-off dynos.', 'app', 'type', 'state');
  readonly #memory = this.#gauge('hokku_dyno_memory_bytes', 'Used, what is cached left out.', 'app', 'type', 'dyno');
  readonly #cpu = this.#gauge('hokku_dyno_cpu_seconds', 'Since its start.', 'app', 'type', 'dyno');
  readonly #pendingBuilds = this.#gauge('hokku_builds_pending', 'Builds under way.');
  readonly #waitingBuilds = this.#gauge('hokku_builds_waiting', 'Of these, builds that wait for a free slot.');
  readonly #pendingReleases = this.#gauge('hokku_releases_pending', 'Releases being launched.');
  readonly #freeBytes = this.#gauge('hokku_disk_free_bytes', 'Free space where the data folder is.');
  readonly #sizeBytes = this.#gauge('hokku_disk_size_bytes', 'Size of the file system with the data folder.');
  readonly #freeInodes = this.#gauge('hokku_disk_free_inodes', 'Files that can still be made there.');

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    this.contentType = this.#registry.contentType;
  }

  buildEnded(result: 'succeeded' | 'failed', ms: number): void {
    this.#builds.inc({ result });
    this.#buildSeconds.observe(ms / 1000);
  }

  releaseEnded(result: string): void {
    this.#releases.inc({ result });
  }

  requestAnswered(door: 'api' | 'git', status: number): void {
    this.#requests.inc({ door, status: `${Math.floor(status / 100)}xx` });
  }

  /** `others`: the metrics of another process, as prom-client gives them as JSON. */
  async write(gauges: Gauges, others: readonly MetricObjectWithValues<MetricValue<string>>[]): Promise<string> {
    this.#apps.set(gauges.apps);
    this.#pendingBuilds.set(gauges.pendingBuilds);
    this.#waitingBuilds.set(gauges.waitingBuilds);
    this.#pendingReleases.set(gauges.pendingReleases);
    this.#dynos.reset();
    for (const { app, type, state } of gauges.dynos) this.#dynos.inc({ app, type, state });
    this.#writeUsages(gauges.usages);
    if (gauges.disk !== null) {
      this.#freeBytes.set(gauges.disk.freeBytes);
      this.#sizeBytes.set(gauges.disk.totalBytes);
      this.#freeInodes.set(gauges.disk.freeInodes);
    }
    const theirs = others.length === 0 ? '' : await AggregatorRegistry.aggregate([[...others]]).metrics();
    return `${await this.#registry.metrics()}\n${theirs}`;
  }

  /** Dynos of the same name, such as two during a restart, count together. */
  #writeUsages(usages: readonly DynoReading[]): void {
    this.#memory.reset();
    this.#cpu.reset();
    for (const { app, type, dyno, memoryBytes, cpuSeconds } of usages) {
      this.#memory.inc({ app, type, dyno }, memoryBytes);
      if (cpuSeconds !== null) this.#cpu.inc({ app, type, dyno }, cpuSeconds);
    }
  }

  #counter<Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
