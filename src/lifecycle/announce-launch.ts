import { exhaustive } from '../lib/exhaustive.ts';
import type { App } from '../model/app.ts';
import type { BuildOutput } from '../model/build.ts';
import type { Release } from '../model/release.ts';
import { hasReleasePhase } from './launch.ts';
import { describeBootFailure, type LaunchOutcome } from './launch-outcome.ts';
import type { EndedLaunch } from './outcome-of-newer.ts';
import type { Platform } from './platform.ts';

/** The lines that a pusher sees before the launch. Texts: Heroku's push output, as of 2022. */
export function announceLaunch(app: App, release: Release, platform: Platform, output: BuildOutput): void {
  output.write('-----> Launching...\n');
  if (!hasReleasePhase(release)) return;
  output.write(' !     Release command declared: this new release will not be available until the command succeeds.\n');
  announceReleased(app, release, platform, output);
  output.write('Running release command...\n\n');
}

/** The lines after it. False: the push is refused, because what ran before still runs. */
export function announceOutcome(
  app: App,
  release: Release,
  outcome: LaunchOutcome,
  platform: Platform,
  output: BuildOutput,
): boolean {
  switch (outcome.status) {
    case 'live':
      if (hasReleasePhase(release)) output.write('Waiting for release.... done.\n\n');
      else announceReleased(app, release, platform, output);
      return true;
    case 'release-phase-failed':
      output.write(`\n !     v${release.version} is not live: ${outcome.why}. The release before it keeps running.\n`);
      return true;
    case 'crashed':
      announceReleased(app, release, platform, output);
      output.write(
        ` !     Warning: ${describeBootFailure(outcome)}. The app answers with an error page until it does.\n`,
      );
      writeLastLines(outcome.lastLines, output);
      output.write(` !     To see more: heroku logs --app ${app.name}\n\n`);
      return true;
    case 'kept-old':
      output.write(` !     v${release.version} did not come up: ${describeBootFailure(outcome)}.\n`);
      writeLastLines(outcome.lastLines, output);
      output.write(` !     The release before it keeps running. To see more: heroku logs --app ${app.name}\n\n`);
      return false;
    case 'cancelled':
      if (outcome.isCurrent) {
        output.write(` !     v${release.version} was cancelled while it started, its dynos are stopped.\n`);
        output.write(` !     To start them: heroku ps:restart --app ${app.name}\n\n`);
        return true;
      }
      output.write(
        ` !     v${release.version} is not live: it was cancelled. The release before it keeps running.\n\n`,
      );
      return false;
    case 'superseded':
      output.write(` !     v${release.version} is not live: the platform was stopped during its launch.\n`);
      output.write(' !     Push again when it is back.\n\n');
      return false;
    default:
      return exhaustive(outcome);
  }
}

/** The lines of a push whose release was given up for a newer one. False: the push is refused. */
export function announceNewer(
  app: App,
  release: Release,
  newer: EndedLaunch,
  platform: Platform,
  output: BuildOutput,
): boolean {
  const [own, other] = [`v${release.version}`, `v${newer.release.version}`];
  output.write(` !     ${own} was superseded by ${other} (${newer.release.description}) before it was live.\n`);
  const isOtherCode = newer.release.slug?.sha256 !== release.slug?.sha256;
  if (isOtherCode && newer.outcome.status !== 'kept-old') {
    output.write(
      ` !     ${other} runs other code. To run this push after all: heroku rollback ${own} --app ${app.name}\n`,
    );
  }
  if (newer.outcome.status !== 'live') return announceOutcome(app, newer.release, newer.outcome, platform, output);
  announceReleased(app, newer.release, platform, output);
  return true;
}

function announceReleased(app: App, release: Release, platform: Platform, output: BuildOutput): void {
  output.write(`       Released v${release.version}\n`);
  output.write(`       ${platform.urls.web(app.name)} deployed to Hokku\n\n`);
  output.write('Verifying deploy... done.\n');
}

function writeLastLines(lines: readonly string[], output: BuildOutput): void {
  if (lines.length === 0) return;
  output.write(' !     Its last log lines:\n');
  for (const line of lines) output.write(`       ${line}\n`);
}
