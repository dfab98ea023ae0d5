import type { CauseRule } from './rule.ts';

const aptfile =
  'The package {package} brings it: write that name into a file Aptfile in the root folder, commit, and push again (with buildpacks set: heroku buildpacks:add --index 1 heroku/apt).';

/** Compilers and linkers, and the libraries of the system that they look for. */
export const compilers: readonly CauseRule[] = [
  {
    pattern: /fatal error: ([\w./+-]{1,100}): No such file or directory/,
    pick: 'first',
    next: `A C header is missing. ${aptfile}`,
    example: 'x.c:1:10: fatal error: libpq-fe.h: No such file or directory',
  },
  {
    pattern:
      /\b(pg_config|mysql_config|xml2-config|xslt-config|gdal-config|curl-config|llvm-config)\b.*(?:not found|No such file|is required|missing)/i,
    pick: 'first',
    next: `A program that tells where a library lies is missing. ${aptfile}`,
    example: 'Error: pg_config executable not found.',
  },
  {
    pattern:
      /(?:cannot find|unable to find library) -l([\w+.-]{1,60})|error while loading shared libraries: (?:lib)([\w+-]{1,60})\.so/,
    pick: 'first',
    next: 'A library of the system is missing: the package that has it belongs into a file Aptfile in the root folder (`apt-file search` finds its name).',
    example: '/usr/bin/ld: cannot find -lnosuch: No such file or directory',
  },
  {
    pattern:
      /pkg-config (?:command )?(?:could not|exited|script could not)|No package '([\w.+-]{1,60})' found|system library `([\w.+-]{1,60})` required by crate|Package ([\w.+-]{1,60}) was not found in the pkg-config/,
    pick: 'first',
    next: 'A library of the system, or its .pc file, is missing: its -dev package belongs into a file Aptfile in the root folder.',
    example: 'Package libvips was not found in the pkg-config search path.',
  },
  {
    pattern:
      /(?:unable to execute|command) '?(?:x86_64-linux-gnu-)?(?:gcc|cc|g\+\+|c\+\+|make|cmake|ld)'?.*(?:No such file|not found)|not found: make|: (?:gcc|cc|g\+\+|make|cmake): (?:command )?not found|linker `cc` not found/,
    pick: 'first',
    next: 'There is no compiler on the machine: its operator can install one (apt-get install build-essential).',
    example: 'make.sh: line 3: gcc: command not found',
  },
  {
    pattern:
      /^error(?:\[E\d+\])?: (?!could not compile|aborting|command|failed to run|process didn't|build failed|linking)/,
    pick: 'first',
    next: 'The code does not compile: fix what the compiler names, commit, and push again.',
    example: 'error[E0425]: cannot find function `nothing` in this scope',
  },
  {
    pattern:
      /^\s*(?:\[ERROR\] )?\S+\.(?:c|cc|cpp|h|go|java|kt|rs|scala|swift|ts|tsx|cs)[:(]\[?\d+[^ ]*:? ?(?:error|undefined|cannot|syntax|fatal|TS\d+|e:|missing|expected|declared|.* declared and not used)/,
    pick: 'first',
    next: 'The code does not compile: fix the file and line that the compiler names, commit, and push again.',
    example: './main.go:3:15: undefined: nothing',
  },
  {
    pattern: /error: command '.{1,200}' failed/,
    pick: 'first',
    next: 'A package could not be compiled: the output above says why. A release with a binary wheel avoids it.',
    example: "error: command 'gcc' failed with exit code 1",
  },
];
