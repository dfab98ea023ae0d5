import type { App } from '../model/app.ts';
import type { ProcessType } from '../model/ids.ts';
import { runReleasePhase, type ReleasePhaseOutcome } from '../release/index.ts';
import type { Platform } from './platform.ts';
import { dynoVars } from './dyno-vars.ts';

/** Of the output, in the setup's record. */
const maxOutputBytes = 256 * 1024;

/** Runs the postdeploy script of an `app.json` in a one-off dyno, with the release that is current now. */
export async function runPostdeploy(
  app: App,
  command: string,
  signal: AbortSignal,
  platform: Platform,
): Promise<Pick<ReleasePhaseOutcome, 'exitCode' | 'endedBy'> & { readonly output: string }> {
  const release = await platform.store.releases.findCurrent(app.id);
  if (release?.slug == null) throw new Error('Internal: a postdeploy script before the first deploy');
  const chunks: Buffer[] = [];
  let keptBytes = 0;
  const outcome = await runReleasePhase({
    app,
    release,
    process: { type: 'postdeploy' as ProcessType, command },
    runtime: platform.runtime,
    configVars: await dynoVars(release.id, platform),
    logs: platform.logplex,
    watchOutput: (dynoId, listener) => platform.outputs.watch(dynoId, listener),
    showDyno: (view, stop) => platform.formation.showGuest(view, stop),
    meterDyno: (dyno, ended) => {
      platform.formation.meterGuest(dyno, ended);
    },
    output: {
      write: (chunk) => {
        if (keptBytes >= maxOutputBytes) return;
        const kept = (typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk)).subarray(
          0,
          maxOutputBytes - keptBytes,
        );
        keptBytes += kept.length;
        chunks.push(kept);
      },
    },
    signal,
    timeoutMs: platform.limits.releasePhaseTimeoutMs,
  });
  return { output: Buffer.concat(chunks).toString(), exitCode: outcome.exitCode, endedBy: outcome.endedBy };
}
