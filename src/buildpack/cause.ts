/** Why a compile failed, found in what it printed. */
export interface Cause {
  /** The line that says it, without colours, at most 300 characters. */
  readonly line: string;
  readonly next: string;
}

interface CauseRule {
  readonly pattern: RegExp;
  /** Tools that print a cascade say the reason first; tracebacks say it last. */
  readonly pick: 'first' | 'last';
  readonly next: string;
}

/** Most telling first: what explains the others comes before them. */
const rules: readonly CauseRule[] = [
  {
    pattern: /No space left on device|Disk quota exceeded|\bENOSPC\b/i,
    pick: 'first',
    next: 'The disk of the platform is full: free some space on it, then push again.',
  },
  {
    pattern:
      /out of memory|Cannot allocate memory|^\s*MemoryError\b|std::bad_alloc|\bSIGKILL\b|signal 9\b|\bKilled\s*$|^\S.*: +\d+ Killed\b/i,
    pick: 'last',
    next: 'The build ran out of memory: build fewer things at once, or give the machine more memory.',
  },
  {
    pattern:
      /Temporary failure in name resolution|Name or service not known|Could not resolve host|NameResolutionError|\bENOTFOUND\b|\bEAI_AGAIN\b|Network is unreachable/i,
    pick: 'first',
    next: 'A host name could not be resolved: check the network, proxy and registry settings of the platform, then push again.',
  },
  {
    pattern: /certificate verify failed|SELF_SIGNED_CERT|UNABLE_TO_(?:GET|VERIFY)|self.signed certificate/i,
    pick: 'first',
    next: 'A TLS certificate was not trusted: give the platform the CA of your network, then push again.',
  },
  {
    pattern: /No matching distribution found for|Could not find a version that satisfies/i,
    pick: 'last',
    next: 'Check the name and the version in requirements.txt, and that they support this Python version.',
  },
  {
    pattern: /ResolutionImpossible|conflicting dependencies|ERESOLVE/,
    pick: 'first',
    next: 'Two dependencies ask for different versions of a third one: change one of them.',
  },
  {
    pattern: /fatal error: .{1,200}: No such file or directory/,
    pick: 'first',
    next: 'A C header is missing: use a release of the package that has a binary wheel, or install the header on the platform.',
  },
  {
    pattern: /^\s*(?:SyntaxError|IndentationError|TabError)\b/,
    pick: 'last',
    next: 'Fix the file and line that the output above names, commit, and push again.',
  },
  {
    pattern: /^\s*(?:ModuleNotFoundError|ImportError)\b/,
    pick: 'last',
    next: 'Add the missing package to your dependencies, commit, and push again.',
  },
  {
    pattern: /error: command '.{1,200}' failed/,
    pick: 'first',
    next: 'A package could not be compiled: the output above says why. A release with a binary wheel avoids it.',
  },
  {
    pattern: /^npm (?:ERR!|error) (?!code |errno |syscall |path |A complete log)\S/,
    pick: 'first',
    next: 'Run the same npm command on your machine, fix what it reports, commit, and push again.',
  },
  {
    pattern:
      /Connection refused|Connection timed out|Connection reset|\bECONN(?:REFUSED|RESET)\b|\bETIMEDOUT\b|timed out/i,
    pick: 'last',
    next: 'Something that the build needs could not be reached: see the address above, then push again.',
  },
  {
    pattern: /^(?: ! {1,8})?(?:Error|ERROR)\b/,
    pick: 'last',
    next: 'Do what the output above says about it, commit, and push again.',
  },
];
const anyOther = 'Look at the output above for what went wrong, fix it, commit, and push again.';

const maxLineLength = 2000;

/** Looks through the end of a failed script's output. Null if there is nothing but blank lines. */
export function findCause(output: string): Cause | null {
  const lines = output
    .split(/\r\n|\n|\r/)
    .map((line) => plain(line.slice(0, maxLineLength)))
    .filter((line) => line.replaceAll('!', '').trim() !== '');
  for (const rule of rules) {
    const matches = (line: string): boolean => rule.pattern.test(line);
    const line = rule.pick === 'first' ? lines.find(matches) : lines.findLast(matches);
    if (line !== undefined) return { line: trim(line), next: rule.next };
  }
  const last = lines.at(-1);
  return last === undefined ? null : { line: trim(last), next: anyOther };
}

/** What to do about a cause line that `findCause` gave. */
export function nextStepFor(line: string): string {
  return rules.find((rule) => rule.pattern.test(line))?.next ?? anyOther;
}

function plain(line: string): string {
  // eslint-disable-next-line no-control-regex -- escape sequences start with one
  return line.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}

function trim(line: string): string {
  const text = line.replace(/^ ! +/, '').trim();
  return text.length > 300 ? `${text.slice(0, 297)}...` : text;
}
