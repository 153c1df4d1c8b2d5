import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IpAddress } from '../../src/model/ip-address.ts';
import { compareIps, ipFromWords, ipv4FromWord, parseIp } from '../../src/net/ip.ts';
import { type AddressRange, parseNetwork, prefixRange } from '../../src/net/prefix.ts';
import { buildPrefixSet, parsePrefixSet, prefixSetOf } from '../../src/net/prefix-set.ts';
import { createRangeTable } from '../../src/net/range-table.ts';

function ranges(...texts: string[]): AddressRange[] {
  return texts.map((text) => {
    const parsed = parseNetwork(text);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.range;
  });
}

const asBigInt = (ip: IpAddress) =>
  [ip.w0, ip.w1, ip.w2, ip.w3].reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);

/** The slow truth: the smallest range around the address, of equals the first. */
function naive(all: readonly AddressRange[], ip: IpAddress): number | undefined {
  let best: { size: bigint; place: number } | undefined;
  for (const [place, { first, last }] of all.entries()) {
    if (first.family !== ip.family || compareIps(first, ip) > 0 || compareIps(ip, last) > 0) continue;
    const size = asBigInt(last) - asBigInt(first);
    if (!best || size < best.size) best = { size, place };
  }
  return best?.place;
}

describe('lookup', () => {
  const set = prefixSetOf(
    ranges(
      '198.51.100.0/24',
      '198.51.100.50',
      '198.51.100.48/29',
      '203.0.113.5-203.0.113.20',
      '2001:db8::/32',
      '2001:db8:bad::/48',
      '0.0.0.0',
      '255.255.255.255',
      '::',
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    ),
  );
  test.each([
    ['198.51.100.0', 0],
    ['198.51.100.47', 0],
    ['198.51.100.48', 2],
    ['198.51.100.50', 1],
    ['198.51.100.51', 2],
    ['198.51.100.55', 2],
    ['198.51.100.56', 0],
    ['198.51.100.255', 0],
    ['198.51.101.0', undefined],
    ['198.51.99.255', undefined],
    ['203.0.113.4', undefined],
    ['203.0.113.5', 3],
    ['203.0.113.20', 3],
    ['203.0.113.21', undefined],
    ['0.0.0.0', 6],
    ['0.0.0.1', undefined],
    ['255.255.255.255', 7],
    ['255.255.255.254', undefined],
    ['2001:db8::1', 4],
    ['2001:db8:bad::1', 5],
    ['2001:db8:bae::', 4],
    ['2001:db9::', undefined],
    ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', undefined],
    ['::', 8],
    ['::1', undefined],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 9],
    ['::ffff:198.51.100.50', 1],
    ['::198.51.100.50', undefined],
  ])('%s gives %s', (text, expected) => {
    expect(set.lookup(parseIp(text)!)).toBe(expected);
    expect(set.has(parseIp(text)!)).toBe(expected !== undefined);
  });

  test('an empty set holds nothing', () => {
    const empty = prefixSetOf([]);
    expect(empty.lookup(ipv4FromWord(0))).toBeUndefined();
    expect(empty.lookup(ipFromWords([0, 0, 0, 0]))).toBeUndefined();
  });

  test('values are the caller’s', () => {
    const builder = createRangeTable();
    builder.add(ranges('192.0.2.0/24')[0]!, 0xffffffff);
    builder.add(ranges('2001:db8::/32')[0]!, 77);
    const valued = buildPrefixSet(builder.build());
    expect(valued.lookup(parseIp('192.0.2.9')!)).toBe(0xffffffff);
    expect(valued.lookup(parseIp('2001:db8::9')!)).toBe(77);
  });
});

describe('against the naive reference', () => {
  // Few distinct words, so that ranges nest, touch, repeat and overlap in part.
  const word = fc.constantFrom(
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    0x7fffffff,
    0x80000000,
    0xffff0000,
    0xfffffffe,
    0xffffffff,
  );
  const v4 = word.map(ipv4FromWord);
  const v6 = fc.tuple(word, word, word, word).map((words) => ipFromWords(words));
  const rangeOf = (ip: fc.Arbitrary<IpAddress>, bits: number) =>
    fc.oneof(
      fc.tuple(ip, fc.nat(bits)).map(([from, length]) => prefixRange(from, length)),
      fc
        .tuple(ip, ip)
        .filter(([a, b]) => a.family === b.family)
        .map(([a, b]) => (compareIps(a, b) <= 0 ? { first: a, last: b } : { first: b, last: a })),
    );

  test('nested, overlapping, touching and repeated ranges', () => {
    const some = fc.array(fc.oneof(rangeOf(v4, 32), rangeOf(v6, 128)), { maxLength: 24 });
    fc.assert(
      fc.property(some, fc.array(fc.oneof(v4, v6), { minLength: 20, maxLength: 40 }), (all, probes) => {
        const set = prefixSetOf(all);
        for (const ip of [...probes, ...all.flatMap(({ first, last }) => [first, last])]) {
          expect(set.lookup(ip)).toBe(naive(all, ip));
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('enough entries for the first-level index', () => {
    const anyWord = fc.integer({ min: 0, max: 0xffffffff });
    const entry = fc
      .tuple(anyWord, fc.integer({ min: 6, max: 32 }))
      .map(([w, length]) => prefixRange(ipv4FromWord(w), length));
    fc.assert(
      fc.property(fc.array(entry, { minLength: 2500, maxLength: 2600, size: 'max' }), (all) => {
        const set = prefixSetOf(all);
        for (const { first, last } of all.slice(0, 150)) {
          for (const at of [first.w3 - 1, first.w3, last.w3, last.w3 + 1]) {
            const ip = ipv4FromWord(at);
            expect(set.lookup(ip)).toBe(naive(all, ip));
          }
        }
      }),
      // Shrinking thousands of entries would take longer than anybody waits.
      { numRuns: 8, endOnFailure: true },
    );
  });
});

test('parsePrefixSet names what is wrong', () => {
  expect(parsePrefixSet(['192.0.2.0/24'], 'x').has(parseIp('192.0.2.9')!)).toBe(true);
  expect(() => parsePrefixSet(['192.0.2.0/24', '192.0.2.0/33'], 'allow.cidrs')).toThrow(
    'allow.cidrs: "192.0.2.0/33": prefix length must be a number from 0 to 32',
  );
});
