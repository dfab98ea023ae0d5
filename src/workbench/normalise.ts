/* eslint-disable no-control-regex -- escape codes are what is taken out */
const rules: readonly (readonly [RegExp, string])[] = [
  [/\x1b\[[0-9;?]*[A-Za-z]/g, ''],
  [/\S*\/hokku-bench-\w+\/builds\/[0-9a-f-]{36}\/tmp\//g, '/tmp/'],
  [/\/tmp\/build_[0-9a-f]{8}/g, '/tmp/build_<id>'],
  [/\/tmp\/d\d{8}-\d+-[0-9a-f]{8}/g, '/tmp/d<id>'],
  [/\/buildpacks\/[0-9a-f]{40}/g, '/buildpacks/<id>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b(?:\d+m ?)?\d+(?:\.\d+)? ?(?:ms|s|secs?|seconds|minutes)\b/g, '<duration>'],
  [/(Done: )[\d.]+[BKMG]?/g, '$1<size>'],
];
/* eslint-enable no-control-regex */

/** What differs from build to build is taken out of its output, so that the rest can be compared. `more`: the author's own rules. */
export function normalise(
  output: string,
  more: readonly { readonly from: string; readonly to: string }[] = [],
): string {
  const own = more.map(({ from, to }): readonly [RegExp, string] => [new RegExp(from, 'g'), to]);
  const text = [...rules, ...own].reduce((rest, [from, to]) => rest.replaceAll(from, to), output);
  // Of progress bars, what a terminal would show at the end.
  const lines = text.split('\n').map((line) => line.replace(/\r$/, '').split('\r').at(-1)?.trimEnd() ?? '');
  return `${lines.join('\n').trimEnd()}\n`;
}
