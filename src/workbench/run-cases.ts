import { PlatformError } from '../errors/platform-error.ts';
import { findCases, nameOf } from './find-cases.ts';
import type { LoadedCase } from './load-case.ts';
import { runCase, type CaseResult, type CaseTools } from './run-case.ts';

export interface CaseSelection {
  /** Of names; null: all. */
  readonly only: RegExp | null;
  /** Cases that run side by side. */
  readonly jobs: number;
  /** Called as each one ends. */
  readonly onResult: (result: CaseResult) => void;
}

/** Runs the cases of a buildpack. Results are in the order of the names, whichever ended first. */
export async function runCases(
  tools: CaseTools,
  { only, jobs, onResult }: CaseSelection,
): Promise<readonly CaseResult[]> {
  const cases = (await findCases(tools.buildpackDir)).filter((loaded) => only === null || only.test(nameOf(loaded)));
  const results: CaseResult[] = [];
  const waiting = cases.entries();
  const work = async (): Promise<void> => {
    for (const [index, loaded] of waiting) {
      tools.signal.throwIfAborted();
      const result = await settle(tools, loaded);
      results[index] = result;
      onResult(result);
    }
  };
  // Whoever closes the bench must know that nothing builds on it any more.
  const ended = await Promise.allSettled(Array.from({ length: Math.min(jobs, cases.length) }, work));
  for (const job of ended) if (job.status === 'rejected') throw job.reason;
  return results;
}

async function settle(tools: CaseTools, loaded: LoadedCase): Promise<CaseResult> {
  const failed = (name: string, file: string, faults: readonly string[]): CaseResult => {
    return { name, file, status: 'failed', phases: [], faults, durationMs: 0 };
  };
  if (loaded.status === 'invalid') return failed(loaded.name, loaded.file, loaded.faults);
  try {
    return await runCase(tools, loaded.case);
  } catch (error) {
    // Of the case, such as a buildpack that is not there; anything else is a fault of ours.
    if (!(error instanceof PlatformError) || tools.signal.aborted) throw error;
    return failed(loaded.case.name, loaded.case.file, [error.message]);
  }
}
