import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareIps, ipv4FromWord } from '../../src/net/ip.ts';
import { type AddressRange, parseNetwork } from '../../src/net/prefix.ts';
import { createRangeCover } from '../../src/net/range-cover.ts';

const range = (text: string): AddressRange => {
  const parsed = parseNetwork(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.range;
};

test.each<[cover: string[], asked: string, covers: boolean, touches: boolean]>([
  [['10.0.0.0/8'], '10.1.0.0/16', true, true],
  [['10.0.0.0/8'], '8.0.0.0/5', false, true],
  [['10.0.0.0/9', '10.128.0.0/9'], '10.0.0.0/8', true, true],
  [['10.0.0.0/9', '10.129.0.0/16'], '10.0.0.0/8', false, true],
  [['0.0.0.0/8', '255.0.0.0/8'], '255.255.255.255', true, true],
  [['255.0.0.0/8', '::/127'], '::2', false, false],
  [['2001:db8::/64', '2001:db8:0:1::/64'], '2001:db8::/63', true, true],
  [['::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'], '::1', true, true],
  [[], '192.0.2.1', false, false],
])('%s, asked for %s', (cover, asked, covers, touches) => {
  const built = createRangeCover(cover.map(range));
  expect([built.covers(range(asked)), built.touches(range(asked))]).toEqual([covers, touches]);
});

test('against the slow truth', () => {
  const word = fc.nat({ max: 60 });
  const one = fc.tuple(word, word).map(([a, b]) => ({
    first: ipv4FromWord(Math.min(a, b)),
    last: ipv4FromWord(Math.max(a, b)),
  }));
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), one, (ranges, asked) => {
      const inside = (w: number) =>
        ranges.some(({ first, last }) => compareIps(first, ipv4FromWord(w)) <= 0 && w <= last.w3);
      const words = Array.from({ length: asked.last.w3 - asked.first.w3 + 1 }, (_, i) => asked.first.w3 + i);
      const cover = createRangeCover(ranges);
      expect(cover.covers(asked)).toBe(words.every(inside));
      expect(cover.touches(asked)).toBe(words.some(inside));
    }),
    { numRuns: 2000 },
  );
});
