import type { RunInSandbox } from '../supervisor/index.ts';

/** One run of a script of a buildpack. */
export interface ScriptRun {
  /** `detect`, `compile`, `release`, `report`: the latter two run together after a compile that succeeded. */
  readonly script: string;
  /** Working folder inside, which tells the buildpack. */
  readonly cwd: string;
  readonly exitCode: number;
  readonly durationMs: number;
  /** At most 256 KB each; of compile everything is in `stdout`. */
  readonly stdout: string;
  readonly stderr: string;
}

const maxBytes = 256 * 1024;

/** Writes down what runs in the sandbox of a build, and changes nothing. */
export class ScriptRecorder {
  readonly runs: ScriptRun[] = [];

  readonly watch =
    (run: RunInSandbox): RunInSandbox =>
    async (sandbox, command, options) => {
      const [stdout, stderr] = [keeper(), keeper()];
      const startedAt = performance.now();
      const result = await run(sandbox, command, {
        ...options,
        onStdout: (chunk) => {
          stdout.add(chunk);
          options.onStdout(chunk);
        },
        onStderr: (chunk) => {
          stderr.add(chunk);
          options.onStderr(chunk);
        },
      });
      this.runs.push({
        // Whoever runs a script of a buildpack calls it by `bash -c PROGRAM NAME`.
        script: command.argv[3] ?? '',
        cwd: command.cwd,
        exitCode: result.exitCode,
        durationMs: performance.now() - startedAt,
        stdout: stdout.text(),
        stderr: stderr.text(),
      });
      return result;
    };

  /** The last run of a script; null: it never ran. */
  last(script: string): ScriptRun | null {
    return this.runs.findLast((run) => run.script === script) ?? null;
  }
}

function keeper(): { add(chunk: Buffer): void; text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add: (chunk) => {
      const kept = Buffer.from(chunk.subarray(0, maxBytes - size));
      chunks.push(kept);
      size += kept.length;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}
