// Version ranges as npm reads them, for what a package.json states. Source: https://github.com/npm/node-semver#ranges
// A pre-release is only taken where a range names one of the same three numbers.

/** {numbers, pre} of `1.2.3-rc.1`, or null. */
export function parseVersion(text) {
  const found = /^[v=\s]*(\d{1,15})\.(\d{1,15})\.(\d{1,15})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\s*$/.exec(text);
  return found === null ? null : { numbers: found.slice(1, 4).map(Number), pre: found[4]?.split('.') ?? [] };
}

export function compareVersions(a, b) {
  for (let n = 0; n < 3; n += 1) if (a.numbers[n] !== b.numbers[n]) return a.numbers[n] - b.numbers[n];
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let n = 0; n < Math.max(a.pre.length, b.pre.length); n += 1) {
    const [left, right] = [a.pre[n], b.pre[n]];
    if (left === right) continue;
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (isNumber && isOtherNumber) return Number(left) - Number(right);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}

/** Alternatives of comparators, or null when the text is no range. */
export function parseRange(text) {
  if (text.length > 256) return null;
  const alternatives = text.split('||').map(parseAlternative);
  if (alternatives.includes(null)) return null;
  // npm takes a range that any version satisfies for `*` alone.
  return alternatives.some((comparators) => comparators.length === 0) ? [[]] : alternatives;
}

export function satisfies(version, range) {
  return range.some(
    (comparators) =>
      comparators.every((comparator) => fits(version, comparator)) &&
      (version.pre.length === 0 ||
        comparators.some(
          ({ version: { numbers, pre } }) =>
            pre.length > 0 && numbers.every((number, n) => number === version.numbers[n]),
        )),
  );
}

/** Whether the range has an end, such as `22.x`, and is not `>=18`. */
export function isBounded(range) {
  return range.every((comparators) =>
    comparators.some(({ operator }) => operator === '<' || operator === '<=' || operator === '='),
  );
}

function fits(version, { operator, version: bound }) {
  const order = compareVersions(version, bound);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  if (operator === '>') return order > 0;
  if (operator === '>=') return order >= 0;
  return order === 0;
}

const partial = String.raw`[v=\s]*(?:[xX*]|0|[1-9]\d{0,14})(?:\.(?:[xX*]|0|[1-9]\d{0,14}))?(?:\.(?:[xX*]|0|[1-9]\d{0,14})(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?`;
const hyphenRange = new RegExp(String.raw`^\s*(${partial})\s+-\s+(${partial})\s*$`);
const oneComparator = new RegExp(String.raw`^(<=|>=|<|>|=|~>|~|\^|)\s*(${partial})$`);

function parseAlternative(text) {
  if (text.trim() === '') return [];
  const hyphen = hyphenRange.exec(text);
  if (hyphen !== null) return [...expand('>=', hyphen[1]), ...expand('<=', hyphen[2])];
  const words = text
    .trim()
    .replaceAll(/(<=|>=|<|>|=|~>|~|\^)\s+/g, '$1')
    .split(/\s+/);
  const comparators = [];
  for (const word of words) {
    const found = oneComparator.exec(word);
    if (found === null) return null;
    comparators.push(...expand(found[1], found[2]));
  }
  return comparators;
}

/** `^1.2` as plain comparators: `>=1.2.0`, `<2.0.0`. */
function expand(operator, text) {
  const [plain, ...pre] = text
    .replace(/^[v=\s]*/, '')
    .replace(/\+.*$/, '')
    .split('-');
  const numbers = plain.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : null));
  const unset = numbers.indexOf(null);
  const known = (unset === -1 ? numbers : numbers.slice(0, unset)).slice(0, 3);
  const from = { numbers: [0, 1, 2].map((n) => known[n] ?? 0), pre: pre.length === 0 ? [] : pre.join('-').split('.') };
  const below = (position) => ({
    operator: '<',
    // With the least pre-release, so that 2.0.0-rc.1 is not below 2.0.0 for `^1`.
    version: { numbers: from.numbers.map((n, i) => (i === position ? n + 1 : i < position ? n : 0)), pre: ['0'] },
  });
  const atLeast = { operator: '>=', version: from };
  if (known.length === 0)
    return operator === '<' || operator === '>' ? [{ operator: '<', version: { numbers: [0, 0, 0], pre: ['0'] } }] : [];
  if (operator === '^') {
    const first = known.findIndex((number) => number > 0);
    return [atLeast, below(first === -1 ? known.length - 1 : first)];
  }
  if (operator === '~' || operator === '~>') return [atLeast, below(Math.min(known.length - 1, 1))];
  if (known.length === 3) return [{ operator: operator === '' ? '=' : operator, version: from }];
  const above = { operator: '>=', version: { ...below(known.length - 1).version, pre: [] } };
  if (operator === '' || operator === '=') return [atLeast, below(known.length - 1)];
  if (operator === '>') return [above];
  if (operator === '<=') return [below(known.length - 1)];
  if (operator === '<') return [{ operator: '<', version: { ...from, pre: ['0'] } }];
  return [atLeast];
}
