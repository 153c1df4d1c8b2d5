import { expect, test } from 'vitest';
import { type AddressRange, formatRange, parseNetwork } from '../../src/net/prefix.ts';
import { compileList } from '../../src/reputation/compiled-list.ts';
import { exemptedRanges, listedRanges } from '../../src/reputation/listed-ranges.ts';
import { parseList } from '../../src/reputation/parse-list.ts';

const list = (text: string, allowReserved = false) =>
  compileList(parseList(text, { role: 'block', seed: 3 }), { name: 'l', allowReserved });
const LISTS = {
  block: [
    list('198.51.100.0/24\n198.51.100.7\n203.0.113.4-203.0.113.9\n2001:db8::/32\nbad.example.com'),
    list('198.51.101.0/24\n2001:db9::1'),
    list('10.1.0.0/16\nfd00::7', true),
  ],
  allow: [list('198.51.100.128/25\n198.51.101.3\n2001:db8:1::/48\ngood.example.com')],
  guard: ['10.0.0.0/8', '203.0.113.8', '2001:db9::/32', 'fd00::/8'],
};
const rangeOf = (text: string): AddressRange => {
  const parsed = parseNetwork(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.range;
};
const texts = (ranges: Iterable<AddressRange>) => [...ranges].map(formatRange);

test('the addresses of all lists, less what is allowed, less what is reserved and not allowed to be named', () => {
  expect(texts(listedRanges(LISTS, 4))).toEqual([
    '10.1.0.0/16',
    '198.51.100.0/25',
    '198.51.101.0-198.51.101.2',
    '198.51.101.4-198.51.101.255',
    '203.0.113.4/30',
    '203.0.113.9',
  ]);
  expect(texts(listedRanges(LISTS, 6))).toEqual([
    '2001:db8::/48',
    '2001:db8:2::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    'fd00::7',
  ]);
});

test('values of shared reputation: what is allowed or reserved is left out', () => {
  const runs = [
    ['10.2.3.4', '203.0.113.200', '2001:db8:1::5'],
    ['198.51.100.0/24', '198.51.100.127/31'],
  ].map((values) => values.map(rangeOf));
  expect(texts(exemptedRanges(runs, LISTS, 4))).toEqual(['198.51.100.0/25', '203.0.113.200']);
  expect(texts(exemptedRanges(runs, LISTS, 6))).toEqual([]);
  expect(texts(exemptedRanges([[rangeOf('2001:db8:2::5')]], LISTS, 6))).toEqual(['2001:db8:2::5']);
});
