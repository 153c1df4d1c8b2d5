import { describe, expect, test } from 'vitest';

import { ISN, NEAR_WRAP, type Stream, streamed } from './streams.ts';

describe.each([
  ['ordinary numbers', ISN],
  ['numbers that wrap around', NEAR_WRAP],
])('%s', (_name, isn) => {
  const rows: readonly (readonly [string, (s: Stream) => void, string, object?])[] = [
    [
      'in order',
      (s) => {
        s.send(0, 'one ');
        s.send(4, 'two ');
        s.send(8, 'three');
      },
      'one two three',
    ],
    [
      'swapped',
      (s) => {
        s.send(4, 'two ');
        s.send(0, 'one ');
      },
      'one two ',
    ],
    [
      'backwards',
      (s) => {
        s.send(6, 'ccc');
        s.send(3, 'bbb');
        s.send(0, 'aaa');
      },
      'aaabbbccc',
    ],
    [
      'repeated',
      (s) => {
        s.send(0, 'one ');
        s.send(0, 'one ');
        s.send(4, 'two');
        s.send(0, 'one ');
      },
      'one two',
    ],
    [
      'repeated in a larger piece',
      (s) => {
        s.send(0, 'one');
        s.send(0, 'one two');
      },
      'one two',
    ],
    [
      'overlap behind a hole: the first is believed',
      (s) => {
        s.send(2, 'CD');
        s.send(1, 'bxxe');
        s.send(0, 'a');
      },
      'abCDe',
      { conflicts: 1 },
    ],
    [
      'overlap that agrees',
      (s) => {
        s.send(2, 'cd');
        s.send(1, 'bcde');
        s.send(0, 'a');
      },
      'abcde',
      { conflicts: 0 },
    ],
    [
      'one piece over several',
      (s) => {
        s.send(1, 'B');
        s.send(3, 'D');
        s.send(5, 'F');
        s.send(0, 'abcdefg');
      },
      'aBcDeFg',
      { conflicts: 1 },
    ],
    [
      'a hole that was acknowledged',
      (s) => {
        s.send(0, 'one ');
        s.send(8, 'three');
        s.ack(13);
      },
      'one <4>three',
      { gaps: 1, gapBytes: 4 },
    ],
    [
      'a hole that was acknowledged before what follows',
      (s) => {
        s.send(0, 'one ');
        s.ack(8);
        s.send(8, 'three');
      },
      'one <4>three',
    ],
    [
      'late for its gap',
      (s) => {
        s.send(4, 'two ');
        s.ack(8);
        s.send(0, 'one ');
        s.send(8, 'end');
      },
      '<4>two end',
    ],
    [
      'a hole when the connection ends',
      (s) => {
        s.send(0, 'one ');
        s.send(8, 'three');
      },
      'one <4>three',
    ],
    [
      'acknowledged inside a hole',
      (s) => {
        s.send(6, 'end');
        s.ack(2);
        s.send(2, 'abcd');
      },
      '<2>abcdend',
    ],
    [
      'only acknowledgments',
      (s) => {
        s.ack(100);
        s.ack(250);
      },
      '<100><150>',
    ],
    [
      'old acknowledgments',
      (s) => {
        s.send(0, 'one ');
        s.ack(4);
        s.ack(0);
        s.ack(4);
      },
      'one ',
    ],
    [
      'an acknowledged FIN that was not captured is no gap',
      (s) => {
        s.send(0, 'one ');
        s.ack(5);
      },
      'one ',
    ],
    [
      'one lost byte is a gap',
      (s) => {
        s.send(0, 'one ');
        s.ack(5);
        s.send(5, 'two');
      },
      'one <1>two',
    ],
    [
      'keep-alives',
      (s) => {
        s.send(0, 'one ');
        s.ack(4);
        s.send(3, 'x');
        s.ack(4);
        s.send(4, 'two');
      },
      'one two',
    ],
    [
      'an acknowledgment of nonsense',
      (s) => {
        s.send(0, 'one ');
        s.ack(2 ** 31);
        s.send(4, 'two');
      },
      'one two',
      { outOfWindow: 1 },
    ],
    [
      'a segment of nonsense',
      (s) => {
        s.send(0, 'one ');
        s.send(2 ** 31, 'far');
        s.send(4, 'two');
      },
      'one two',
      { outOfWindow: 1 },
    ],
  ];
  const cases = rows.map(([name, tell, expected, counters = {}]) => ({ name, tell, expected, counters }));
  test.each(cases)('$name', ({ tell, expected, counters }) => {
    const result = streamed(tell, {}, isn);
    expect(result.streams.client).toBe(expected);
    expect(result.counters).toMatchObject(counters);
  });
});
