import type { CauseRule } from './rule.ts';

/** Package managers: names, versions, lock files. */
export const packages: readonly CauseRule[] = [
  {
    pattern: /No matching distribution found for|Could not find a version that satisfies/i,
    pick: 'last',
    next: 'Check the name and the version in requirements.txt, and that they support this Python version.',
    example: 'ERROR: No matching distribution found for flsak==9',
  },
  {
    pattern: /ResolutionImpossible|conflicting dependencies|ERESOLVE|version solving failed/,
    pick: 'first',
    next: 'Two dependencies ask for different versions of a third one: change one of them.',
    example: 'ERROR: ResolutionImpossible: for help visit https://pip.pypa.io',
  },
  {
    pattern:
      /npm ci. can only install|ERR_PNPM_OUTDATED_LOCKFILE|lockfile needs to be updated|lock file .* needs to be updated|YN0028|lock file is not up to date|missing go\.sum entry|updates to go\.(?:mod|sum) needed|The gemspecs? for .* changed|is out of date with|lockfile is frozen|frozen mode/i,
    pick: 'first',
    next: 'A lock file does not fit the file that it was made from: make it anew with your package manager, and commit it.',
    example: '`npm ci` can only install packages when your package.json and package-lock.json are in sync.',
  },
  {
    pattern:
      /npm (?:ERR!|error) 404|ERR_PNPM_FETCH_404|Couldn't find package|no matching package named|Could not find gem|Could not find artifact|could not be found in (?:any|rubygems)|cannot find module providing package|no required module provides package|unknown revision|404 Not Found - GET/i,
    pick: 'first',
    next: 'A dependency, or a version of it, does not exist where it was looked for: check its name, its version, and the registry.',
    example: "npm error 404  'no-such-package@*' is not in this registry.",
  },
  {
    pattern:
      /Unsupported engine|EBADENGINE|requires a different Python|requires rustc \d|requires go >= |requires Ruby version|Your Ruby version is|release version \d+ not supported|invalid target release|UnsupportedClassVersionError|Unsupported class file major version/i,
    pick: 'first',
    next: 'The app, or one of its dependencies, wants another version of the language: name one that fits in the file that says it.',
    example: 'error: package `x v1.0.0` cannot be built because it requires rustc 1.99 or newer',
  },
  {
    pattern: /^npm (?:ERR!|error) (?!code |errno |syscall |path |A complete log)\S/,
    pick: 'first',
    next: 'Run the same npm command on your machine, fix what it reports, commit, and push again.',
    example: 'npm error Missing script: "build"',
  },
];
