import { causeRules } from './causes/index.ts';
import { packagesOfFiles } from './causes/packages-of-files.ts';
import type { CauseRule } from './causes/rule.ts';

/** Why a compile failed, found in what it printed. */
export interface Cause {
  /** The line that says it, without colours, at most 300 characters. */
  readonly line: string;
  readonly next: string;
}

const { machine = [] } = causeRules;
const rules = Object.values(causeRules).flat();
const anyOther = 'Look at the output above for what went wrong, fix it, commit, and push again.';

const maxLineLength = 2000;

/**
 * Looks through the end of a failed script's output. What a buildpack itself says in a block of ` ! ` lines that begins with
 * `Error:` goes before what the tools that it ran have printed. Where no rule knows a line, it says so and gives the last one.
 * Null if there is nothing but blank lines.
 */
export function findCause(output: string): Cause | null {
  const all = output.split(/\r\n|\n|\r/).map((line) => plain(line.slice(0, maxLineLength)));
  const lines = all.filter((line) => line.replaceAll('!', '').trim() !== '');
  const line = findLine(lines, machine) ?? lastErrorBlock(all) ?? findLine(lines, rules);
  if (line !== null) return { line: trim(line), next: nextStepFor(trim(line)) };
  const last = lines.at(-1);
  return last === undefined ? null : { line: trim(`not known; the output ends with: ${trim(last)}`), next: anyOther };
}

/** What to do about a cause line that `findCause` gave. */
export function nextStepFor(line: string): string {
  const rule = rules.find(({ pattern }) => pattern.test(line));
  if (rule === undefined) return anyOther;
  const file = rule.pattern.exec(line)?.[1] ?? '';
  return rule.next.replace('{package}', packagesOfFiles[file] ?? `that has ${file} (\`apt-file search ${file}\`)`);
}

function findLine(lines: readonly string[], from: readonly CauseRule[]): string | null {
  for (const { pattern, pick } of from) {
    const matches = (line: string): boolean => pattern.test(line);
    const line = pick === 'first' ? lines.find(matches) : lines.findLast(matches);
    if (line !== undefined) return line;
  }
  return null;
}

/** Its headline, and the first line of what it says about it: a headline alone explains nothing. */
function lastErrorBlock(lines: readonly string[]): string | null {
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const headline = / ! +(Error: .+)$/.exec(lines[at] ?? '')?.[1];
    if (headline === undefined || lines[at - 1]?.startsWith(' !') === true) continue;
    for (const line of lines.slice(at + 1)) {
      const text = /^ !(?: +(.*))?$/.exec(line);
      if (text === null) break;
      if (text[1] !== undefined && text[1].trim() !== '') return `${headline.trim()} ${text[1].trim()}`;
    }
  }
  return null;
}

function plain(line: string): string {
  // eslint-disable-next-line no-control-regex -- escape sequences start with one
  return line.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}

function trim(line: string): string {
  const text = line.replace(/^ ! +/, '').trim();
  return text.length > 300 ? `${text.slice(0, 297)}...` : text;
}
