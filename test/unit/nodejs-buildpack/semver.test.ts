import { expect, it } from '@jest/globals';
import semver from 'semver';

interface Version {
  readonly numbers: readonly number[];
}
interface SemverModule {
  parseVersion(text: string): Version | null;
  parseRange(text: string): readonly unknown[] | null;
  satisfies(version: Version, range: readonly unknown[]): boolean;
  compareVersions(a: Version, b: Version): number;
}
const file: string = '../../../buildpacks/shared/node/semver.mjs';
const own = (await import(file)) as SemverModule;

const versions = [
  '0.0.0',
  '0.0.3',
  '0.1.0',
  '0.12.7',
  '1.0.0-alpha',
  '1.0.0-alpha.2',
  '1.0.0-rc.10',
  '1.0.0',
  '1.2.2',
  '1.2.3',
  '1.2.4-beta.2',
  '1.2.9',
  '1.10.0',
  '2.0.0-rc.1',
  '2.0.0',
  '2.3.4',
  '18.20.4',
  '20.0.0',
  '20.9.1',
  '22.11.0',
  '23.0.0',
];
const bounds = [
  '1',
  '1.2',
  '1.2.3',
  '1.x',
  '1.2.x',
  '*',
  'x',
  '0',
  '0.0',
  '0.0.3',
  '0.1',
  '0.1.x',
  '0.12.7',
  '2',
  '20',
  '20.9',
  '20.9.1',
  '22.x',
  '1.2.4-beta',
  '1.0.0-alpha',
  '2.0.0-rc.1',
  'v1.2.3',
  '18.20.4',
  '1.X',
  '1.*',
];
const operators = ['', '=', '>', '>=', '<', '<=', '^', '~', '~>', '> ', '>= ', '^ '];

function ranges(): string[] {
  const single = operators.flatMap((operator) => bounds.map((bound) => operator + bound));
  const hyphens = bounds
    .slice(0, 16)
    .flatMap((from) => ['2', '1.2', '20.9.1', '22.x', '1.2.4-beta'].map((to) => `${from} - ${to}`));
  const pairs = single
    .filter((_, n) => n % 3 === 0)
    .map((range, n) => `${range} ${single[(n * 37) % single.length] ?? ''}`);
  const either = single
    .filter((_, n) => n % 5 === 0)
    .map((range, n) => `${range} || ${single[(n * 53) % single.length] ?? ''}`);
  return [...single, ...hyphens, ...pairs, ...either, '', ' ', '||', '>=18 <21 || ^22.1', '  >= 1.2.3   < 2 '];
}

it('reads ranges as npm does', () => {
  const wrong = ranges().flatMap((range) => {
    const parsed = own.parseRange(range);
    return versions.flatMap((version) => {
      const is = parsed !== null && own.satisfies(own.parseVersion(version) ?? { numbers: [] }, parsed);
      return is === semver.satisfies(version, range) ? [] : [`${version} satisfies '${range}': ${is}`];
    });
  });
  expect(wrong).toEqual([]);
});

it.each([
  'abc',
  '1.2.3.4',
  '>>1',
  '1 2 - 3',
  'latest',
  '1.2.3 - ',
  'lts/*',
  '^',
  `1${'.'.repeat(300)}`,
  '01.2.3',
  '1.02',
])('refuses %s', (range) => {
  expect([own.parseRange(range), semver.validRange(range)]).toEqual([null, null]);
});

it('sorts versions as npm does', () => {
  const shuffled = versions.toSorted(
    (a, b) => ((a.length * 7 + a.charCodeAt(0)) % 11) - ((b.length * 7 + b.charCodeAt(0)) % 11),
  );
  const parsed = (text: string): Version => own.parseVersion(text) ?? { numbers: [] };
  expect(shuffled.toSorted((a, b) => own.compareVersions(parsed(a), parsed(b)))).toEqual(semver.sort([...shuffled]));
});
