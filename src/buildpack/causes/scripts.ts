import type { CauseRule } from './rule.ts';

/** Scripts and interpreters: of the app, or of a buildpack. */
export const scripts: readonly CauseRule[] = [
  {
    pattern: /^\s*(?:SyntaxError|IndentationError|TabError)\b/,
    pick: 'last',
    next: 'Fix the file and line that the output above names, commit, and push again.',
    example: 'SyntaxError: invalid syntax',
  },
  {
    pattern:
      /^\s*(?:ModuleNotFoundError|ImportError)\b|Error: Cannot find module|Cannot find package '|Can't locate \S+ in @INC|cannot load such file --/,
    pick: 'last',
    next: 'Add the missing package to your dependencies, commit, and push again.',
    example: "ModuleNotFoundError: No module named 'foo'",
  },
  {
    pattern: /bad interpreter|cannot execute: required file not found|\\r': (?:command not found|No such file)|\$'\\r'/,
    pick: 'first',
    next: 'A script names an interpreter that is not there, or has line ends of Windows: save it with LF, and check its first line.',
    example: '/bin/bash^M: bad interpreter: No such file or directory',
  },
  {
    pattern: /: (?:line \d+: )?([\w./+-]+): (?:command )?not found$|sh: \d+: ([\w./+-]+): not found$|Exec format error/,
    pick: 'last',
    next: 'A program is missing: it belongs to the dependencies of the app, or, from a package of the distribution, into a file Aptfile.',
    example: './build.sh: line 2: protoc: command not found',
  },
  {
    pattern: /: Permission denied$|\bEACCES\b|Read-only file system|\bEROFS\b|Operation not permitted/,
    pick: 'last',
    next: 'A script may not write there, or a file is not executable: builds write below the app, /tmp and the cache; `git update-index --chmod=+x <file>` makes a file executable.',
    example: './deploy.sh: line 4: bin/tool: Permission denied',
  },
  {
    pattern:
      /syntax error near unexpected token|syntax error: unexpected|unexpected EOF while looking for|unexpected end of file/,
    pick: 'first',
    next: 'A shell script has an error: `bash -n <file>` on your machine shows the same line.',
    example: "./build.sh: line 7: syntax error near unexpected token `fi'",
  },
  {
    pattern:
      /unbound variable$|: [A-Z][A-Z0-9_]+: (?:is )?(?:not set|required|missing)|KeyError: '[A-Z][A-Z0-9_]+'|: parameter (?:null or )?not set|environment variable .* (?:not (?:set|defined)|is required|missing)|Missing (?:required )?environment variable/i,
    pick: 'last',
    next: 'A variable is not set: if it is a config var of the app, `heroku config:set NAME=value` sets it.',
    example: './build.sh: line 3: API_KEY: unbound variable',
  },
  {
    pattern: /: No such file or directory$|\bENOENT\b|FileNotFoundError|can't open file|cannot open .* for reading/,
    pick: 'last',
    next: 'A file is missing: is it committed (`git ls-files`), and not named in .gitignore or .slugignore?',
    example: "cp: cannot stat 'config.yml': No such file or directory",
  },
  {
    pattern:
      /not in (?:gzip|bzip2|xz) format|does not look like a tar archive|cannot find zipfile directory|Unexpected EOF in archive|End-of-central-directory/,
    pick: 'first',
    next: 'An archive is damaged, or is something else, such as an error page: look at its address, and download with curl --fail.',
    example: 'gzip: stdin: not in gzip format',
  },
  {
    pattern:
      /^fatal: (?:not a git repository|repository .* not found|remote error|unable to access|reference is not a tree|No url found for submodule)/,
    pick: 'first',
    next: 'A git repository, or a commit of it, could not be read: in a build there is no .git folder of the app, and no login of yours.',
    example: 'fatal: not a git repository (or any of the parent directories): .git',
  },
  {
    pattern:
      /Unexpected token .* in JSON|JSON\.parse|JSONDecodeError|is not valid JSON|yaml\.scanner|TOML parse error|toml\.decoder|did not find expected|mapping values are not allowed/i,
    pick: 'last',
    next: 'A file of settings cannot be read: check it with a validator of its format (JSON, YAML, TOML).',
    example: 'json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
  },
];
