import { afterEach, describe, expect, test } from 'vitest';
import { capacityFor, type RangesOf } from '../../../../src/capture/live/lists/kernel-lists.ts';
import type { IpAddress } from '../../../../src/model/ip-address.ts';
import { compareIps, ipFromWords, ipv4FromWord } from '../../../../src/net/ip.ts';
import { type AddressRange, parseNetwork, prefixRange } from '../../../../src/net/prefix.ts';
import { prefixSetOf } from '../../../../src/net/prefix-set.ts';
import { nextIp, previousIp, uniteRanges } from '../../../../src/net/range-streams.ts';
import { atOnce } from '../../../../src/net/steps.ts';
import { whyNoBpf } from '../../../support/bpf-source.ts';
import { openProbe } from '../../../support/listed-probe.ts';
import { createRandom } from '../../../support/traffic/random.ts';

const skip = whyNoBpf();
const apart = (ranges: readonly AddressRange[]): AddressRange[] => [
  ...uniteRanges(ranges.toSorted((a, b) => compareIps(a.first, b.first))),
];
const of = (...texts: string[]): RangesOf => {
  const ranges = texts.map(parseNetwork).flatMap((parsed) => (parsed.ok ? [parsed.range] : []));
  return (family) => apart(ranges.filter(({ first }) => first.family === family));
};
const ip = (text: string): IpAddress => {
  const parsed = parseNetwork(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.range.first;
};
/** The ends of ranges, and what lies right before and behind them. */
const edges = (ranges: readonly AddressRange[]): IpAddress[] =>
  ranges.flatMap(({ first, last }) => [first, last, previousIp(first), nextIp(last)]);

describe.skipIf(skip !== undefined)(`lists in the kernel ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let probe: ReturnType<typeof openFor> | undefined;
  const openFor = (entries: number) => openProbe(capacityFor({ 4: entries, 6: entries }));
  afterEach(() => {
    probe?.close();
    probe = undefined;
  });

  test('nothing is listed before anything is written, and after an empty list', () => {
    probe = openFor(1);
    const ips = ['0.0.0.0', '192.0.2.1', '255.255.255.255', '::', '2001:db8::1'].map(ip);
    expect(probe.ask(ips)).toEqual(ips.map(() => false));
    atOnce(probe.kernel.replace('lists', of('0.0.0.0/0', '::/0')));
    expect(probe.ask(ips)).toEqual(ips.map(() => true));
    atOnce(probe.kernel.replace('lists', of()));
    expect(probe.ask(ips)).toEqual(ips.map(() => false));
  });

  test('lists and scores are apart: each says "listed" on its own, and is replaced on its own', () => {
    probe = openFor(1);
    const ips = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2'].map(ip);
    atOnce(probe.kernel.replace('lists', of('192.0.2.1', '2001:db8::1')));
    atOnce(probe.kernel.replace('scores', of('192.0.2.2')));
    expect(probe.ask(ips)).toEqual([true, true, true, false]);
    atOnce(probe.kernel.replace('scores', of('2001:db8::2')));
    expect(probe.ask(ips)).toEqual([true, false, true, true]);
    expect(probe.kernel.figures()).toMatchObject([
      { source: 'lists', family: 4, ranges: 1, leftOut: 0, capacity: 65_536, generation: 1 },
      { source: 'lists', family: 6, ranges: 1, leftOut: 0, capacity: 16_384, generation: 1 },
      { source: 'scores', family: 4, ranges: 0, leftOut: 0, capacity: 16_384, generation: 2 },
      { source: 'scores', family: 6, ranges: 1, leftOut: 0, capacity: 4_096, generation: 2 },
    ]);
  });

  test('what finds no room is left out and said', () => {
    probe = openProbe({ lists: { 4: 2, 6: 1 }, scores: { 4: 1, 6: 1 } });
    atOnce(probe.kernel.replace('lists', of('192.0.2.1', '192.0.2.3', '192.0.2.5', '2001:db8::1')));
    expect(probe.ask(['192.0.2.1', '192.0.2.3', '192.0.2.5', '2001:db8::1'].map(ip))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(probe.kernel.figures()[0]).toMatchObject({ ranges: 2, leftOut: 1 });
  });

  test.each([
    ['a few', 5],
    ['too few for an index', 1_023],
    ['enough for one', 1_024],
    ['a million', 1_000_000],
  ])(
    '%s: a million random addresses of each family, and all edges, get the true answer',
    (_, size) => {
      const random = createRandom(size);
      const questions = Math.max(size, 50_000);
      const word = () => random.below(2 ** 32);
      const v4 = apart(
        Array.from({ length: size }, () => prefixRange(ipv4FromWord(word()), 24 + random.below(9))),
      );
      // Where real ones are: below a few prefixes that differ late.
      const words6 = () => [0x20010db8, random.below(4) === 0 ? random.below(2 ** 16) : 7, word(), word()];
      const v6 = apart(
        Array.from({ length: size }, () => prefixRange(ipFromWords(words6()), 56 + random.below(73))),
      );
      probe = openFor(size);
      atOnce(probe.kernel.replace('lists', (family) => (family === 4 ? v4 : v6)));
      const truth = prefixSetOf([...v4, ...v6]);
      const asked = [
        ...edges(v4.slice(0, 20_000)),
        ...edges(v4.slice(-1_000)),
        ...edges(v6.slice(0, 20_000)),
        ...edges(v6.slice(-1_000)),
        ...Array.from({ length: questions }, () => ipv4FromWord(word())),
        ...Array.from({ length: questions }, (_, i) =>
          ipFromWords(i % 9 === 0 ? [word(), 0, 0, 1] : words6()),
        ),
      ];
      const answers = probe.ask(asked);
      const wrong = asked.filter((each, i) => answers[i] !== truth.has(each));
      expect(wrong.slice(0, 5)).toEqual([]);
      expect(answers.filter(Boolean).length).toBeGreaterThan(4 * Math.min(5, size) - 3);
    },
    120_000,
  );
});
