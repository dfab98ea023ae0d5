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
  await Promise.all(Array.from({ length: Math.min(jobs, cases.length) }, work));
  return results;
}

async function settle(tools: CaseTools, loaded: LoadedCase): Promise<CaseResult> {
  if (loaded.status === 'loaded') return await runCase(tools, loaded.case);
  const { name, file, faults } = loaded;
  return { name, file, status: 'failed', phases: [], faults, durationMs: 0 };
}
