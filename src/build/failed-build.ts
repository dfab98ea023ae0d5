import type { BuildFailure } from '../model/build.ts';

/** Ends a build from within a step. Never leaves this room: `build()` turns it into its outcome. */
export class FailedBuild extends Error {
  override readonly name = 'FailedBuild';
  readonly failure: BuildFailure;

  constructor(failure: BuildFailure) {
    super(failure.reason);
    this.failure = failure;
  }
}
