import Sequencer from '@jest/test-sequencer';

/** Takes longest: begun last, it would run on alone while the other processors have nothing left to do. */
const first = ['compatibility'];

const rank = ({ path }) => {
  const at = first.findIndex((name) => path.endsWith(`/push/${name}.test.ts`));
  return at === -1 ? first.length : at;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
}
