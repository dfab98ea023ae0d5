import Sequencer from '@jest/test-sequencer';

/** They take longest: begun last, they would run on alone while the other processors have nothing left to do. */
const first = ['compatibility', 'bad-build', 'disk', 'heroku-cli', 'limits', 'exec', 'account', 'domains'];

const rank = ({ path }) => {
  const at = first.findIndex((name) => path.endsWith(`/push/${name}.test.ts`));
  return at === -1 ? first.length : at;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
}
