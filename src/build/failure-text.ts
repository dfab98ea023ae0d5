import { nextStepFor } from '../buildpack/index.ts';
import { exhaustive } from '../lib/exhaustive.ts';
import type { BuildFailure, BuildPhase, SpaceShortage } from '../model/build.ts';
import { formatMegabytes } from './format-size.ts';
import { noBuildpack } from './no-buildpack-text.ts';
import type { Words } from './words.ts';

const pushFailed = ' !     Push failed';

/**
 * What the pusher reads of a failed build, in Heroku's words (tools search for them), and then what Heroku does not say: what
 * failed, the evidence, and what to do next. Text may come from scripts and file names, so control characters are taken out.
 */
export function failureLines(failure: BuildFailure): readonly string[] {
  const { before, after } = wordsFor(failure);
  const summary = after.map((line) => ` !     ${line}`);
  return [...before, '', pushFailed, '', ...summary, ''].map(printable);
}

function wordsFor(failure: BuildFailure): Words {
  switch (failure.reason) {
    case 'no-buildpack-detected':
      return noBuildpack(failure);
    case 'buildpack-not-compatible':
      return {
        before: [
          `-----> App not compatible with buildpack: ${failure.buildpack}`,
          ...indented(failure.detail),
          '       More info: https://devcenter.heroku.com/articles/buildpacks#buildpack-auto-detection',
        ],
        after: summary('detect', `${failure.buildpack} was set for this app and does not recognise it`, [
          'Check the list with `heroku buildpacks`; `heroku buildpacks:clear` goes back to detection.',
        ]),
      };
    case 'buildpack-unavailable':
      return {
        before: [` !     Couldn't fetch the buildpack ${failure.buildpack}.`],
        after: summary('detect', failure.detail, [
          '`heroku buildpacks` shows what is set, `heroku buildpacks:set` sets another one. Then push again.',
        ]),
      };
    case 'compile-failed':
      return {
        before: [` !     Push rejected, failed to compile ${failure.name} app.`],
        after: [
          `Failed in: compile (bin/compile of ${failure.name} exited with status ${failure.exitCode})`,
          `Cause:     ${failure.cause ?? 'not found in the output'}`,
          `Next:      ${failure.cause === null ? `run bin/compile of ${failure.name} with \`set -x\` to see where it ends` : nextStepFor(failure.cause)}`,
        ],
      };
    case 'release-info-invalid':
      return {
        before: [` !     Push rejected, failed to compile ${failure.name} app.`],
        after: summary('release', `bin/release of ${failure.name}: ${failure.detail}`, [
          'This is a mistake in the buildpack: tell its author, or use another version of it.',
        ]),
      };
    default:
      return limitWords(failure);
  }
}

type LimitFailure = Exclude<
  BuildFailure,
  {
    reason:
      | 'no-buildpack-detected'
      | 'buildpack-not-compatible'
      | 'buildpack-unavailable'
      | 'compile-failed'
      | 'release-info-invalid';
  }
>;

// One piece, because it is a list: a kind of failure and its words.
// eslint-disable-next-line max-lines-per-function
function limitWords(failure: LimitFailure): Words {
  switch (failure.reason) {
    case 'source-too-large':
      return {
        before: [
          ` !     Push rejected, source too large: ${formatMegabytes(failure.sizeBytes)} (max is ${formatMegabytes(failure.maxBytes)}).`,
        ],
        after: summary('source', `its files have ${failure.sizeBytes} bytes in all`, [
          'Remove large files from the repository (`git rm --cached`), or keep them in an object storage.',
        ]),
      };
    case 'source-unavailable':
      return {
        before: [` !     Push rejected, failed to fetch the source from ${failure.host}.`],
        after: summary('source', failure.detail, [
          'Give a public https URL as source_blob.url, or upload the source (POST /sources) and give its get_url.',
        ]),
      };
    case 'source-invalid':
      return {
        before: [' !     Push rejected, the source is not a usable gzipped tar archive.'],
        after: summary('source', failure.detail, [
          'Make the archive from inside the source folder: tar czf source.tgz . (or git archive --format=tar.gz HEAD).',
        ]),
      };
    case 'project-path-invalid':
      return {
        before: [' !     Push rejected, the config var PROJECT_PATH names no folder of this app.'],
        after: summary(
          'source',
          `it is '${failure.path}', and the folders in the root are: ${failure.folders.join(', ') || 'none'}`,
          [
            'Set it to a path from the root of the repository, such as `services/web`, or remove it with `heroku config:unset PROJECT_PATH`.',
          ],
        ),
      };
    case 'submodule-failed':
      return {
        before: [` !     Push rejected, failed to fetch the submodule ${failure.path}.`],
        after: summary('source', `${failure.url}: ${failure.detail}`, [
          'Check that its URL in .gitmodules can be fetched by the platform without a password prompt.',
        ]),
      };
    case 'timed-out':
      return {
        before: [` !     Push rejected, timed out; must complete in ${Math.round(failure.limitMs / 1000)} seconds.`],
        after: summary(
          phaseNames[failure.phase],
          'the time limit of a build was reached, everything in it was stopped',
          ['Find the step that takes so long in the output above; what it downloads can be kept in the cache.'],
        ),
      };
    case 'slug-too-large':
      return {
        before: [
          ` !     Compiled slug size: ${formatMegabytes(failure.sizeBytes)} is too large (max is ${formatMegabytes(failure.maxBytes)}).`,
          ' !     See: http://devcenter.heroku.com/articles/slug-size',
        ],
        after: summary('pack', `packing stopped at ${failure.sizeBytes} bytes`, [
          'Remove what the app does not need to run: list it in .slugignore, and check your dependencies.',
        ]),
      };
    case 'out-of-space':
      return {
        before: [' !     Push rejected, the disk of the platform is full.'],
        after: summary(phaseNames[failure.phase], failure.detail, [
          'Ask the operator to free some space on the data folder, then push again. Nothing of this build is left.',
        ]),
      };
    case 'too-much-written':
      return {
        before: [' !     Push rejected, the build has used up its disk.'],
        after: summary(
          phaseNames[failure.phase],
          `its files took ${formatMegabytes(failure.usedBytes)}, ${formatMegabytes(failure.limitBytes)} is the limit; everything in it was stopped`,
          ['Let the build fetch and keep less, or ask the operator to raise HOKKU_BUILD_DISK_MB.'],
        ),
      };
    case 'short-of-space':
      return {
        before: [' !     Push rejected, the platform is short of disk space.'],
        after: summary('source', describeShortage(failure.shortage), [
          'Ask the operator to free some: `hokku disk` shows who uses what. Then push again. Nothing was begun.',
        ]),
      };
    case 'cancelled':
      return {
        before: [' !     Push rejected, the build was cancelled.'],
        after: failure.detail === '' ? ['Next:      push again to build it.'] : [`Cause:     ${failure.detail}`],
      };
    default:
      return exhaustive(failure);
  }
}

function describeShortage(shortage: SpaceShortage): string {
  if (shortage.of === 'quota') {
    const { used, quota } = shortage;
    return `${formatMegabytes(used)} of a quota of ${formatMegabytes(quota)} are in use, and nothing more can be removed`;
  }
  const { of, free, reserved, promised, needed } = shortage;
  const count = (n: number): string => (of === 'bytes' ? formatMegabytes(n) : `${n} files (inodes)`);
  const builds = promised === 0 ? '' : ` and ${count(promised)} are promised to builds under way`;
  return `this build may need ${count(needed)}; ${count(free)} are free, of which ${count(reserved)} are kept for running apps${builds}`;
}

const phaseNames: Readonly<Record<BuildPhase, string>> = {
  source: 'source',
  detect: 'detect',
  compile: 'compile',
  'release-info': 'release',
  pack: 'pack',
};

function summary(phase: string, cause: string, next: readonly string[]): readonly string[] {
  return [`Failed in: ${phase}`, `Cause:     ${cause}`, ...next.map((line) => `Next:      ${line}`)];
}

function indented(text: string): readonly string[] {
  const lines = text.split(/\r\n|\n|\r/).filter((line, index, all) => line !== '' || index < all.length - 1);
  return lines.map((line) => `       ${line}`);
}

function printable(line: string): string {
  // eslint-disable-next-line no-control-regex -- that is what is taken out
  return line.replace(/\r?\n/g, ' ').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}
