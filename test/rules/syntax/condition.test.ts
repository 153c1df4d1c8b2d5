import { describe, expect, test } from 'vitest';
import { matches, ruleText } from '../../support/rules.ts';

const DETECTIONS =
  'a:\n    a: 1\nb:\n    b: 1\nsel_x:\n    x: 1\nsel_y:\n    y: 1\n_hidden:\n    h: 1\nnotepad:\n    n: 1\n';

/** Condition, fields that are 1, whether it holds. */
const ROWS: readonly (readonly [string, string, boolean])[] = [
  ['a', 'a', true],
  ['not a', '', true],
  ['not not a', 'a', true],
  ['a and b', 'a', false],
  ['a or b and sel_x', 'a', true],
  ['(a or b) and sel_x', 'a', false],
  ['a and not b', 'a', true],
  ['a and not b', 'ab', false],
  ['not a and not b', '', true],
  ['not (a or b)', 'b', false],
  ['1 of sel_*', 'y', true],
  ['any of sel_*', 'y', true],
  ['all of sel_*', 'y', false],
  ['all of sel_*', 'xy', true],
  ['1 of *_y', 'y', true],
  ['1 of s*_y', 'x', false],
  ['1 of them', 'h', false],
  ['1 of _*', 'h', true],
  ['all of them', 'abxyn', true],
  ['not 1 of sel_*', 'x', false],
  ['a and not 1 of sel_*', 'a', true],
  ['notepad', 'n', true],
  ['a\n  and\n  b', 'ab', true],
];

describe('conditions', () => {
  test.each(ROWS)('%j with %j: %j', (condition, ones, expected) => {
    const fields = Object.fromEntries(Array.from(ones).map((name) => [name, 1]));
    const text = ruleText(`${DETECTIONS}condition: ${JSON.stringify(condition)}`);
    expect(matches(text, fields)).toBe(expected);
  });

  test('each filter map is an AND inside', () => {
    const text = ruleText(
      's:\n    a: 1\nfilter_one:\n    b: 1\n    c: 1\ncondition: s and not 1 of filter_*',
    );
    expect(matches(text, { a: 1, b: 1 })).toBe(true);
    expect(matches(text, { a: 1, b: 1, c: 1 })).toBe(false);
  });
});
