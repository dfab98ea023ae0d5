import type { ControlConnection } from './control-connection.ts';
import type { WireMetric } from './request-metrics.ts';

/** A router that is busier than this is not waited for: what it counts is not lost. */
const answerMs = 5_000;

/** Questions to the router for what it has counted, and their answers. */
export class MetricsQuestions {
  readonly #open = new Map<number, (metrics: readonly WireMetric[]) => void>();

  /** Empty when there is no answer in time. */
  async ask(id: number, connection: ControlConnection | null): Promise<readonly WireMetric[]> {
    if (connection === null) return [];
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve) => {
        this.#open.set(id, resolve);
        timer = setTimeout(resolve, answerMs, []);
        connection.send({ type: 'metrics', id });
      });
    } finally {
      clearTimeout(timer);
      this.#open.delete(id);
    }
  }

  answer(id: number, metrics: readonly WireMetric[]): void {
    this.#open.get(id)?.(metrics);
  }
}
