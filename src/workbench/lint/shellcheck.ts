import { spawn } from '../../lib/spawn.ts';
import type { Finding, LintLevel, Script } from './finding.ts';

interface Comment {
  readonly file: string;
  readonly line: number;
  readonly level: 'error' | 'warning' | 'info' | 'style';
  readonly code: number;
  readonly message: string;
}

const levels: Readonly<Record<Comment['level'], LintLevel>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
  style: 'note',
};
/** About files that it can not find, unused variables, which other scripts use, and what is quoted to be read later: by .profile.d. */
const excluded = 'SC1090,SC1091,SC2016,SC2034';
const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8' };

/** What shellcheck says; null: it is not installed. `path`: where it is looked for. */
export async function shellcheck(
  dir: string,
  scripts: readonly Script[],
  path = env.PATH,
): Promise<readonly Finding[] | null> {
  const files = scripts.filter(
    ({ path: file, text }) => /^#!.*\b(?:ba|da|k)?sh\b/.test(text) || /\.(?:ba)?sh$/.test(file),
  );
  if (files.length === 0) return [];
  const args = [
    '--format=json1',
    '--severity=info',
    `--exclude=${excluded}`,
    '--shell=bash',
    '--',
    ...files.map((file) => file.path),
  ];
  const ran = await spawn('shellcheck', args, { cwd: dir, env: { ...env, PATH: path }, timeoutMs: 120_000 }).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    },
  );
  if (ran === null) return null;
  if (ran.exitCode > 1) throw new Error(`shellcheck could not read the scripts: ${ran.stderr.slice(0, 500)}`);
  const { comments } = JSON.parse(ran.stdout.toString('utf8')) as { readonly comments: readonly Comment[] };
  return comments.map(({ file, line, level, code, message }) => ({
    ...{ rule: `SC${code}`, level: levels[level], path: file, line },
    message: `${message} (https://www.shellcheck.net/wiki/SC${code})`,
  }));
}

/** Some of what it would say, for machines without it. */
export function unquotedArguments({ path, commands }: Script): readonly Finding[] {
  return commands.flatMap(({ first, text }) => {
    const bare = text.replaceAll(/\$\([^()]*\)/g, '').replaceAll(/"[^"]*"|'[^']*'|\[\[.*?\]\]|\(\(.*?\)\)/g, '');
    if (!unquoted.test(bare)) return [];
    const message = 'a name with a space becomes two words: put the variable in double quotes';
    return [{ rule: 'unquoted', level: 'warning' as const, path, line: first, message }];
  });
}

const unquoted = /(?:^|[;&|({!]|\b(?:then|do|else|if))\s*(?:cd|rm|cp|mv|mkdir|cat|ls|tar|source)\s[^;&|]*\$\{?\w/;
