import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ipFromWords, ipv4FromWord } from '../../src/net/ip.ts';
import type { AddressRange } from '../../src/net/prefix.ts';
import { mergeRanges, nextIp, previousIp, subtractRanges, uniteRanges } from '../../src/net/range-streams.ts';

type Pair = readonly [first: number, last: number];
const TOP = 0xffffffff;
const rangesOf = (pairs: readonly Pair[]): AddressRange[] =>
  pairs.map(([first, last]) => ({ first: ipv4FromWord(first), last: ipv4FromWord(last) }));
const pairsOf = (ranges: Iterable<AddressRange>): Pair[] =>
  [...ranges].map(({ first, last }) => [first.w3, last.w3]);

test.each<[before: Pair[], after: Pair[]]>([
  [[], []],
  [[[1, 1]], [[1, 1]]],
  [
    [
      [1, 2],
      [3, 4],
    ],
    [[1, 4]],
  ],
  [
    [
      [1, 2],
      [4, 4],
    ],
    [
      [1, 2],
      [4, 4],
    ],
  ],
  [
    [
      [1, 9],
      [2, 3],
      [10, 10],
    ],
    [[1, 10]],
  ],
  [
    [
      [0, TOP],
      [5, 6],
    ],
    [[0, TOP]],
  ],
  [
    [
      [0, 0],
      [TOP, TOP],
    ],
    [
      [0, 0],
      [TOP, TOP],
    ],
  ],
])('%j united', (before, after) => expect(pairsOf(uniteRanges(rangesOf(before)))).toEqual(after));

test.each<[ranges: Pair[], without: Pair[], left: Pair[]]>([
  [[[1, 9]], [], [[1, 9]]],
  [[[1, 9]], [[1, 9]], []],
  [[[1, 9]], [[0, TOP]], []],
  [
    [[0, TOP]],
    [
      [0, 0],
      [TOP, TOP],
    ],
    [[1, TOP - 1]],
  ],
  [
    [[1, 9]],
    [
      [3, 3],
      [5, 6],
    ],
    [
      [1, 2],
      [4, 4],
      [7, 9],
    ],
  ],
  [
    [
      [1, 3],
      [5, 9],
    ],
    [[2, 6]],
    [
      [1, 1],
      [7, 9],
    ],
  ],
  [
    [
      [1, 3],
      [5, 9],
      [11, 12],
    ],
    [
      [0, 0],
      [3, 11],
    ],
    [
      [1, 2],
      [12, 12],
    ],
  ],
])('%j without %j', (ranges, without, left) =>
  expect(pairsOf(subtractRanges(rangesOf(ranges), rangesOf(without)))).toEqual(left),
);

test('against sets of numbers', () => {
  const pair = fc.tuple(fc.nat(60), fc.nat(12)).map(([first, size]): Pair => [first, first + size]);
  const stream = fc.array(pair, { maxLength: 12 }).map((pairs) => pairs.toSorted((a, b) => a[0] - b[0]));
  const within = (pairs: readonly Pair[], n: number) => pairs.some(([a, b]) => a <= n && n <= b);
  fc.assert(
    fc.property(fc.array(stream, { maxLength: 4 }), stream, (streams, holes) => {
      const all = streams.flat();
      const united = [...uniteRanges(mergeRanges(streams.map(rangesOf)))];
      const left = pairsOf(subtractRanges(united, uniteRanges(rangesOf(holes))));
      for (let n = 0; n < 80; n++) {
        expect(within(pairsOf(united), n)).toBe(within(all, n));
        expect(within(left, n)).toBe(within(all, n) && !within(holes, n));
      }
      for (const pairs of [pairsOf(united), left])
        for (let i = 1; i < pairs.length; i++) expect(pairs[i]![0]).toBeGreaterThan(pairs[i - 1]![1]);
    }),
    { numRuns: 3000 },
  );
});

test.each([
  [
    [0x20010db8, 0, 0, 0xffffffff],
    [0x20010db8, 0, 1, 0],
  ],
  [
    [1, 0xffffffff, 0xffffffff, 0xffffffff],
    [2, 0, 0, 0],
  ],
  [
    [0, 0, 0, 0],
    [0, 0, 0, 1],
  ],
])('%j is right before %j', (before, after) => {
  expect(nextIp(ipFromWords(before))).toEqual(ipFromWords(after));
  expect(previousIp(ipFromWords(after))).toEqual(ipFromWords(before));
});
