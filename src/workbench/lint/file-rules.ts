import type { Finding, LintLevel, Script } from './finding.ts';

/** What a whole file, or its absence, can have wrong. */
export function checkFiles(scripts: readonly Script[], paths: readonly string[]): readonly Finding[] {
  const present = new Set(paths);
  const missing = ['bin/detect', 'bin/compile']
    .filter((path) => !present.has(path))
    .map((path) => at(path, 'missing-script', 'error', `there is no ${path}, which every platform calls: write it`));
  const profiles = paths
    .filter((path) => /^profile\.d\/[^/]+$/.test(path) && !path.endsWith('.sh'))
    .map((path) =>
      at(path, 'profile-name', 'warning', 'only files that end in .sh are read when an app starts: rename it'),
    );
  return [...missing, ...profiles, ...scripts.flatMap(checkScript)];
}

/** What a platform starts itself. */
const called = /^bin\/(?:detect|compile|release|report|test|test-compile)$/;

function checkScript(script: Script): readonly Finding[] {
  const { path, text, mode } = script;
  const findings: Finding[] = [];
  const crlf = text.split('\n').findIndex((line) => line.endsWith('\r'));
  if (crlf !== -1) {
    const message =
      'lines end in CR LF, which bash takes for part of the command: save it with LF, and say so in .gitattributes';
    findings.push({ ...at(path, 'crlf', 'error', message), line: crlf + 1 });
  }
  if (!called.test(path)) return findings;
  if (!text.startsWith('#!')) {
    findings.push(
      at(path, 'no-shebang', 'error', 'its first line does not say what runs it: begin with #!/usr/bin/env bash'),
    );
  }
  if ((mode & 0o111) === 0) {
    const message = `it can not be executed; some platforms repair that, others don't: chmod +x ${path} (git update-index --chmod=+x)`;
    findings.push(at(path, 'not-executable', 'error', message));
  }
  return [...findings, ...checkBash(script)];
}

function checkBash({ path, text, commands }: Script): readonly Finding[] {
  if (!/^#!.*\bbash\b/.test(text)) return [];
  const body = commands.map((command) => command.text).join('\n');
  const findings: Finding[] = [];
  if (path === 'bin/compile' && !(/pipefail/.test(body) && /^\s*set\s+-\w*e|errexit/m.test(body))) {
    const message = 'it goes on after a command that failed: begin with `set -euo pipefail`';
    findings.push(at(path, 'goes-on-after-errors', 'warning', message));
  }
  if (path === 'bin/detect' && !/\b(?:echo|printf|cat)\b/.test(body)) {
    const message =
      'it prints nothing, so nobody knows what was found: print the name of the kind of app before `exit 0`';
    findings.push(at(path, 'detect-is-silent', 'warning', message));
  }
  return findings;
}

function at(path: string, rule: string, level: LintLevel, message: string): Finding {
  return { rule, level, path, line: null, message };
}
