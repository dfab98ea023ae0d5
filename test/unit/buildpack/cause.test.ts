import { expect, it } from '@jest/globals';
import { causeRules } from '../../../src/buildpack/causes/index.ts';
import { findCause, nextStepFor } from '../../../src/buildpack/index.ts';

it.each([
  [
    'ERROR: Could not find a version that satisfies x\nERROR: No matching distribution found for x==9\n !     Error: pip failed',
    'No matching distribution found for x==9',
    /requirements\.txt/,
  ],
  [
    'Traceback:\n  File "a.py"\nModuleNotFoundError: No module named \'foo\'\n',
    "ModuleNotFoundError: No module named 'foo'",
    /missing package/,
  ],
  ['  File "a.py", line 1\n    x =\nSyntaxError: invalid syntax\nmore', 'SyntaxError: invalid syntax', /file and line/],
  [
    "x.c:1:10: fatal error: libpq-fe.h: No such file or directory\nerror: command 'gcc' failed with exit code 1",
    'libpq-fe.h',
    /header is missing\. The package libpq-dev brings it/,
  ],
  ['a.c:1:2: fatal error: odd/thing.h: No such file or directory', 'odd/thing.h', /package that has odd\/thing\.h/],
  [
    'ERROR: No matching distribution found for x\n\n !     Error: There is no version of x.\n !\n !     The newest: 8\n\nnpm error y\n',
    'Error: There is no version of x. The newest: 8',
    /says about it/,
  ],
  ["error: command 'gcc' failed with exit code 1\n\n", "error: command 'gcc' failed", /compiled/],
  ['cp: write: No space left on device\nModuleNotFoundError: x', 'No space left on device', /disk/],
  ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', 'heap out of memory', /memory/],
  ['./x: line 3:   12 Killed                  make\nmake failed', 'Killed', /memory/],
  [
    'WARNING: Retrying: Temporary failure in name resolution\nERROR: No matching distribution found for x',
    'Temporary failure',
    /host name/,
  ],
  [
    'npm error code E404\nnpm error 404 Not Found - GET https://x\nnpm error A complete log',
    'npm error 404 Not Found',
    /does not exist where it was looked for/,
  ],
  ['\x1b[1;31m !     Error: No app.py\x1b[0m\n !\n !     Read this\n', 'Error: No app.py', /says about it/],
  ['something\nis wrong\n\n   \n', 'is wrong', /output above/],
])('finds the cause in %j', (output, line, next) => {
  const cause = findCause(output);
  expect(cause?.line).toContain(line);
  expect(cause?.next).toMatch(next);
  expect(nextStepFor(cause?.line ?? '')).toBe(cause?.next);
});

const families = Object.entries(causeRules).flatMap(([family, rules]) => rules.map((rule) => ({ family, ...rule })));

it.each(families)('finds the example of $family: $example', ({ pattern, example, next }) => {
  expect(findCause(`first\n${example}\nlast`)?.line).toBe(example.replace(/^ ! +/, ''));
  expect(pattern.test(example)).toBe(true);
  // No rule before it takes its example away.
  expect(nextStepFor(example)).toBe(next.replace('{package}', /\{package\}/.test(next) ? 'libpq-dev' : ''));
});

it('takes any bytes in reasonable time', () => {
  expect(findCause('')).toBeNull();
  expect(findCause('\n \n')).toBeNull();
  const startedAt = performance.now();
  expect(findCause(`${"error: command '".repeat(4000)}\n`.repeat(20))?.line.length).toBe(300);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
