import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IpAddress } from '../../src/model/ip-address.ts';
import { compareIps, ipFromWords, ipv4FromWord, parseIp } from '../../src/net/ip.ts';
import { type AddressRange, formatRange, parseNetwork, prefixRange } from '../../src/net/prefix.ts';
import { createV4Search, createV6Search, type RangeSearch } from '../../src/net/range-search.ts';
import { createRangeTable } from '../../src/net/range-table.ts';
import { indexRanges, sortedOrder } from '../../src/net/sorted-ranges.ts';

function searchOf(ranges: readonly AddressRange[], family: 4 | 6): RangeSearch {
  const builder = createRangeTable();
  for (const [place, range] of ranges.entries()) builder.add(range, place);
  const columns = builder.build()[family === 4 ? 'v4' : 'v6'];
  const sorted = indexRanges(columns, sortedOrder(columns));
  return family === 4 ? createV4Search(sorted) : createV6Search(sorted);
}

const range = (text: string): AddressRange => {
  const parsed = parseNetwork(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.range;
};
const size = ({ first, last }: AddressRange) =>
  [0, 1, 2, 3].reduce((sum, i) => {
    const word = (ip: IpAddress) => BigInt([ip.w0, ip.w1, ip.w2, ip.w3][i]!);
    return (sum << 32n) + word(last) - word(first);
  }, 0n);
const meet = (a: AddressRange, b: AddressRange) =>
  compareIps(a.first, b.last) <= 0 && compareIps(b.first, a.last) <= 0;

/** The slow truth. */
function naive(ranges: readonly AddressRange[], wanted: AddressRange): string[] {
  return ranges
    .filter((each) => meet(each, wanted))
    .sort((a, b) => (size(a) < size(b) ? -1 : Number(size(a) > size(b))))
    .map((each) => `${formatRange(each)}`);
}

function check(ranges: readonly AddressRange[], search: RangeSearch, wanted: AddressRange): void {
  const found = search.overlapping(wanted, 10_000).map((row) => search.rangeOf(row));
  const expected = naive(ranges, wanted);
  expect(found.map(formatRange).toSorted()).toEqual(expected.toSorted());
  for (let i = 1; i < found.length; i++) expect(size(found[i - 1]!) <= size(found[i]!)).toBe(true);
  const single = { first: wanted.first, last: wanted.first };
  const row = search.find(wanted.first);
  const holders = naive(ranges, single);
  if (holders.length === 0) expect(row).toBe(-1);
  else expect(holders).toContain(formatRange(search.rangeOf(row)));
}

describe('against the slow truth', () => {
  const word = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(0, 0xffffffff, 0x80000000, 0xfffffffe));
  const v4 = word.map((each) => ipv4FromWord(each));
  // Few values in each word, so that addresses share words and ranges meet.
  const few = fc.constantFrom(0, 1, 2, 0xffffffff);
  const v6 = fc
    .tuple(fc.constantFrom(0x20010db8, 0x20010db9, 1), few, few, few)
    .map((words) => ipFromWords(words));
  const ranges = (ip: fc.Arbitrary<IpAddress>, bits: number) =>
    fc.oneof(
      fc
        .tuple(ip, ip)
        .map(([a, b]) => (compareIps(a, b) <= 0 ? { first: a, last: b } : { first: b, last: a })),
      fc.tuple(ip, fc.nat({ max: bits })).map(([a, length]) => prefixRange(a, length)),
      ip.map((a) => ({ first: a, last: a })),
    );

  test.each<[4 | 6, fc.Arbitrary<AddressRange>]>([
    [4, ranges(v4, 32)],
    [6, ranges(v6, 128)],
  ])('IPv%i', (family, one) => {
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 40 }),
        fc.array(one, { minLength: 1, maxLength: 10 }),
        (all, asked) => {
          const search = searchOf(all, family);
          for (const wanted of asked) check(all, search, wanted);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('large enough for the index, addresses of all sorts', () => {
    let state = 12345;
    const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
    for (const shared of [0, 1, 2]) {
      const words = () => [0, 1, 2, 3].map((i) => (i < shared ? 0x20010db8 + i : random()));
      const v6s = Array.from({ length: 1500 }, () => prefixRange(ipFromWords(words()), 40 + (random() % 89)));
      const v4s = Array.from({ length: 1500 }, () =>
        prefixRange(ipv4FromWord(random()), 8 + (random() % 25)),
      );
      const search6 = searchOf(v6s, 6);
      const search4 = searchOf(v4s, 4);
      for (let i = 0; i < 120; i++) {
        const v6 = i % 2 ? ipFromWords(words()) : v6s[random() % 1500]!.last;
        const v4 = i % 2 ? ipv4FromWord(random()) : v4s[random() % 1500]!.last;
        check(v6s, search6, { first: v6, last: v6 });
        check(v4s, search4, { first: v4, last: v4 });
      }
      for (const edge of ['::', '2001:db8::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'])
        check(v6s, search6, range(edge));
      for (const edge of ['0.0.0.0', '255.255.255.255']) check(v4s, search4, range(edge));
    }
  });
});

test('a look-up ends at its limit, and an empty table holds nothing', () => {
  const all = Array.from({ length: 500 }, (_, i) =>
    range(`198.51.100.0-198.51.${101 + (i >> 8)}.${i & 255}`),
  );
  expect(searchOf(all, 4).overlapping(range('198.51.100.7'), 64)).toHaveLength(64);
  expect(searchOf([], 4).find(parseIp('198.51.100.7')!)).toBe(-1);
  expect(searchOf([], 6).overlapping(range('2001:db8::/32'), 9)).toEqual([]);
});
