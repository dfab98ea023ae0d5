import Sequencer from '@jest/test-sequencer';

/** Begun last, it would run on alone while the other processors have nothing left to do. */
const longest = '/push/compatibility.test.ts';

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => b.path.endsWith(longest) - a.path.endsWith(longest));
  }
}
