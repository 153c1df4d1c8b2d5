import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LookupContext } from '../../src/model/lookup.ts';
import { compareIps, ipFromWords, ipv4FromWord, parseIp } from '../../src/net/ip.ts';
import { formatRange, parseNetwork, prefixRange } from '../../src/net/prefix.ts';
import { compileList } from '../../src/reputation/compiled-list.ts';
import { createLookup, observedName } from '../../src/reputation/lookup.ts';
import { parseList } from '../../src/reputation/parse-list.ts';
import { RESERVED_NETWORKS } from '../../src/reputation/reserved.ts';

const list = (name: string, text: string, allowReserved = false) =>
  compileList(parseList(text, { role: 'block', seed: 3 }), { name, allowReserved });
const OUT: LookupContext = { timeMs: Date.parse('2024-01-15'), direction: 'outbound', port: 443 };

describe('allowlists win', () => {
  const hits: string[] = [];
  const lookup = createLookup({
    block: [list('bad', '198.51.100.0/24\nevil.example.com\n2001:db8::/32'), list('worse', '198.51.100.7')],
    allow: [list('good', '198.51.100.4/30\n2001:db8:1::/48\nfine.evil.example.com')],
    onHit: (name) => hits.push(name),
  });
  test.each<[asked: string, lists: string[], hit: string[]]>([
    ['198.51.100.3', ['bad'], ['bad']],
    ['198.51.100.7', [], ['good']],
    ['198.51.100.8', ['bad'], ['bad']],
    ['2001:db8:1::9', [], ['good']],
    ['2001:db8:2::9', ['bad'], ['bad']],
    ['203.0.113.1', [], []],
    ['evil.example.com', ['bad'], ['bad']],
    ['x.fine.evil.example.com', [], ['good']],
    ['notfine.evil.example.com', ['bad'], ['bad']],
  ])('%s', (asked, lists, hit) => {
    hits.length = 0;
    const ip = parseIp(asked);
    const matches = ip ? lookup.lookup(ip, OUT) : lookup.lookupName(asked, OUT);
    expect(matches.map((match) => match.list)).toEqual(lists);
    expect(hits).toEqual(hit);
  });
});

describe('reserved and own addresses', () => {
  const block = [list('wide', '8.0.0.0/5\n2001:db8::/32'), list('internal', '10.0.0.0/8', true)];
  const lookup = createLookup({
    block,
    allow: [],
    guard: [...RESERVED_NETWORKS, '2001:db8:1::/48', '9.9.9.9'],
  });
  test.each<[asked: string, lists: string[]]>([
    ['8.8.8.8', ['wide']],
    ['9.9.9.9', []],
    ['10.1.2.3', ['internal']],
    ['2001:db8:1::1', []],
    ['2001:db8:2::1', ['wide']],
  ])('%s is accused by %j', (asked, lists) => {
    expect(lookup.lookup(parseIp(asked)!, OUT).map((match) => match.list)).toEqual(lists);
  });
});

describe('an entry speaks of', () => {
  const lookup = createLookup({
    block: [
      list(
        'csv',
        'ip,port,c2_status,last_online\n198.51.100.1,443,offline,2023-12-20\n198.51.100.2,443,online,2024-01-01\n',
      ),
      list(
        'intel',
        '#fields\tindicator\tindicator_type\tmeta.if_in\n198.51.100.3\tIntel::ADDR\tConn::IN_ORIG\n198.51.100.4\tIntel::ADDR\tConn::IN_RESP\n',
      ),
    ],
    allow: [],
  });
  const later = { ...OUT, timeMs: Date.parse('2024-01-20') };
  const inbound: LookupContext = { timeMs: OUT.timeMs, direction: 'inbound' };
  test.each<[what: string, asked: string, context: LookupContext, count: number]>([
    ['its port', '198.51.100.2', OUT, 1],
    ['no other port', '198.51.100.2', { ...OUT, port: 80 }, 0],
    ['its port only as a server', '198.51.100.2', inbound, 0],
    ['what has not expired', '198.51.100.1', OUT, 1],
    ['not what has', '198.51.100.1', later, 0],
    ['inbound only', '198.51.100.3', inbound, 1],
    ['inbound only', '198.51.100.3', OUT, 0],
    ['outbound only', '198.51.100.4', OUT, 1],
    ['outbound only', '198.51.100.4', inbound, 0],
  ])('%s: %s', (_, asked, context, count) => {
    expect(lookup.lookup(parseIp(asked)!, context)).toHaveLength(count);
  });
});

test.each<[text: string, name: string | undefined]>([
  ['Example.COM.', 'example.com'],
  ['example.com:8080', 'example.com'],
  ['example.com:', 'example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['198.51.100.1:80', undefined],
  ['[2001:db8::1]:80', undefined],
  ['2001:db8::1', undefined],
  ['localhost', undefined],
  ['', undefined],
  ['a b.example.com', undefined],
  [`${'a.'.repeat(200)}com`, undefined],
  ['user@example.com', undefined],
])('observed %s is the name %s', (text, name) => {
  expect(observedName(text)).toBe(name);
});

test('a list agrees with the slow truth, all matching entries, most specific first', () => {
  const word = fc.constantFrom(0xc6336400, 0xc6336401, 0xc6336480, 0xc63364ff, 0xcb007100);
  const range = fc.oneof(
    fc.tuple(word, fc.integer({ min: 20, max: 32 })).map(([w, bits]) => prefixRange(ipv4FromWord(w), bits)),
    fc
      .tuple(word, fc.integer({ min: 20, max: 128 }))
      .map(([w, bits]) => prefixRange(ipFromWords([0x20010db8, w, w, w]), bits)),
  );
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), fc.array(range, { minLength: 1 }), (ranges, asked) => {
      const texts = [...new Set(ranges.map(formatRange))];
      const lookup = createLookup({ block: [list('l', texts.join('\n'))], allow: [] });
      for (const { first: ip } of asked) {
        const found = lookup.lookup(ip, OUT).map(({ entry }) => entry);
        const truth = texts.filter((text) => {
          const parsed = parseNetwork(text);
          if (!parsed.ok) return false;
          const { first, last } = parsed.range;
          return first.family === ip.family && compareIps(first, ip) <= 0 && compareIps(ip, last) <= 0;
        });
        expect(found.toSorted()).toEqual(truth.toSorted());
        const lengths = found.map((text) => Number(text.split('/')[1] ?? 999));
        expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
      }
    }),
    { numRuns: 500 },
  );
});

test.each(['198.51.100.6x', '198.51.100', '1.2.3.4.5a', 'example.c0m', '2001.db8'])(
  'a mistyped address is no name: %s',
  (text) => {
    const parsed = parseList(`198.51.100.1\n${text}\n`, { role: 'block' });
    expect([parsed.format, parsed.stats.names, parsed.stats.invalid]).toEqual(['plain', 0, 1]);
  },
);
