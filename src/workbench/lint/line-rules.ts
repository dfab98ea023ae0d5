import type { Finding, LintLevel, Script } from './finding.ts';

interface LineRule {
  readonly rule: string;
  readonly level: LintLevel;
  readonly in: (path: string) => boolean;
  readonly pattern: RegExp;
  /** Lines that match it are fine. */
  readonly unless?: RegExp;
  readonly message: string;
}

const isScript = (path: string): boolean => !path.startsWith('profile.d/');
const isProfile = (path: string): boolean => /^(?:.+\/)?\.?profile\.d\//.test(path);
const download = /(?:^|[\s;&|(!])(?:curl|wget)\s/;

/** What a single line can have wrong. */
const rules: readonly LineRule[] = [
  {
    rule: 'hard-coded-app',
    level: 'warning',
    in: (path) => path.startsWith('bin/'),
    pattern: /(?:^|[\s"'=:])\/app(?:\/|["'\s:]|$)/,
    // Written for later, when the app runs.
    unless: /echo|printf|sed|HOME/,
    message: '/app is not the folder that is built: use the first argument of bin/compile, and "$HOME" in .profile.d',
  },
  {
    rule: 'fixed-tmp-name',
    level: 'warning',
    in: isScript,
    pattern: /(?:^|[\s"'=>])\/tmp\/[\w.-]/,
    message: 'builds side by side share /tmp on some platforms: make a name with mktemp',
  },
  {
    rule: 'download-ignores-errors',
    level: 'warning',
    in: isScript,
    pattern: /(?:^|[\s;&|(!])curl\s/,
    unless: /\s-\w*f|--fail|--write-out|-w\s|--version|\[@\]/,
    message: 'curl takes an error page for the file: add --fail',
  },
  {
    rule: 'download-once',
    level: 'note',
    in: isScript,
    pattern: download,
    unless: /--retry|--tries|--version|\[@\]/,
    message: 'one lost packet ends the build: add --retry 3 (curl) or --tries=3 (wget)',
  },
  {
    rule: 'profile-exit',
    level: 'error',
    in: isProfile,
    pattern: /(?:^|[;&|{]\s*)\s*exit\b/,
    message: 'it is read by the shell that starts the app, which ends there: use `return`, or nothing',
  },
  {
    rule: 'profile-set',
    level: 'error',
    in: isProfile,
    pattern: /(?:^|[;&]\s*)\s*set\s+-[a-z]*[eu]/,
    message: 'the setting stays for the scripts of other buildpacks and for the app: leave it out',
  },
];

export function checkLines({ path, commands }: Script): readonly Finding[] {
  const mine = rules.filter((rule) => rule.in(path));
  return commands.flatMap(({ first, text }) =>
    mine
      .filter(({ pattern, unless }) => pattern.test(text) && unless?.test(text) !== true)
      .map(({ rule, level, message }) => ({ rule, level, path, line: first, message })),
  );
}

/** Whether any of a buildpack's scripts fetches something, and whether any checks what it fetched. */
export function checkDownloads(scripts: readonly Script[]): readonly Finding[] {
  const isFetching = (text: string): boolean => download.test(text) && /\s-\w*[oO]|\|\s*tar|--output|wget/.test(text);
  const [found] = scripts.flatMap(({ path, commands }) =>
    commands.filter(({ text }) => isFetching(text)).map(({ first }) => ({ path, line: first })),
  );
  const isChecked = scripts.some(({ text }) =>
    /sha(?:1|256|512)sum|shasum|openssl dgst|gpg|minisign|cosign/.test(text),
  );
  if (found === undefined || isChecked) return [];
  const message =
    'nothing checks what is downloaded: compare it with a checksum that is written in the buildpack (sha256sum --check)';
  return [{ rule: 'download-unchecked', level: 'warning', ...found, message }];
}
