import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildAutomaton } from '../../../src/rules/match/aho-corasick.ts';
import { fold } from '../../../src/rules/match/fold.ts';

const words = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'É', '\u{1F600}', 'x'), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

/** Every place at which every pattern ends, found the slow way. */
function places(patterns: readonly string[], text: string): string[] {
  return patterns.flatMap((pattern, number) =>
    Array.from({ length: text.length }, (_, i) => i + 1)
      .filter((end) => end >= pattern.length && fold(text).slice(end - pattern.length, end) === pattern)
      .map((end) => `${number}@${end}`),
  );
}

test.each([
  ['a full table', 1 << 20],
  ['rows for the root alone', 1],
  ['rows for some', 40],
])('finds every pattern at every place, with %s', (_, entries) => {
  fc.assert(
    fc.property(fc.uniqueArray(words.map(fold), { minLength: 1, maxLength: 12 }), words, (patterns, text) => {
      const found: string[] = [];
      buildAutomaton(patterns, entries).scan(text, (pattern, end) => found.push(`${pattern}@${end}`));
      expect(found.toSorted()).toEqual(places(patterns, text).toSorted());
    }),
    { numRuns: 300 },
  );
});
