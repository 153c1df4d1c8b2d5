import { describe, expect, test } from 'vitest';
import { createDnsNames, type DnsNames, type DnsNamesOptions } from '../../src/enrich/dns-names.ts';
import type { DnsFacts, DnsRecord } from '../../src/model/conversation.ts';
import type { DnsEvent } from '../../src/model/event.ts';
import type { Owner } from '../../src/model/process.ts';
import { connection, ip, TIME_MS } from '../alerts/fixtures.ts';

const record = (name: string, type: string, data: string, ttlSeconds = 300): DnsRecord => ({
  name,
  type,
  data,
  ttlSeconds,
});
const A = (name: string, data: string, ttl?: number) => record(name, 'A', data, ttl);
const ONE = connection().owner as Owner;
const OTHER: Owner = { ...ONE, pid: ONE.pid + 1 };

function answer(
  name: string,
  answers: DnsRecord[],
  more: Partial<DnsEvent> = {},
  dns: Partial<DnsFacts> = {},
): DnsEvent {
  const { kind: _kind, phase: _phase, ...facts } = connection();
  const asked = { id: 1, questionName: name, questionType: 'A', outcome: 'answered', retries: 0 } as const;
  return { ...facts, ...more, kind: 'dns', dns: { ...asked, answers, ...dns } };
}

function namesOf(names: DnsNames, address: string, more: Partial<ReturnType<typeof connection>> = {}) {
  return names.namesOf(connection({ remote: { ip: ip(address), port: 443 }, ...more }));
}
const create = (options: Partial<DnsNamesOptions> = {}) => createDnsNames({ host: 'machine', ...options });

describe('what an answer teaches', () => {
  const chain = [
    record('cdn.example.net', 'CNAME', 'edge.example.org', 300),
    A('edge.example.org', '203.0.113.1'),
    record('www.example.com', 'CNAME', 'cdn.example.net', 300),
  ];
  const cases: [string, DnsRecord[], string, string[]][] = [
    ['an address', [A('www.example.com', '203.0.113.1')], '203.0.113.1', ['www.example.com']],
    ['IPv6', [record('www.example.com', 'AAAA', '2001:db8::1')], '2001:db8::1', ['www.example.com']],
    ['a chain of aliases, in any order', chain, '203.0.113.1', ['www.example.com']],
    ['a record of another name', [A('evil.example.org', '203.0.113.1')], '203.0.113.1', []],
    ['another type', [record('www.example.com', 'TXT', '203.0.113.1')], '203.0.113.1', []],
    ['no address', [A('www.example.com', 'nonsense')], '203.0.113.1', []],
  ];
  test.each(cases)('%s', (_, answers, address, expected) => {
    const names = create();
    names.observe(answer('www.example.com', answers));
    expect(namesOf(names, address)).toEqual(expected);
  });

  test('an alias that leads back to itself ends', () => {
    const names = create();
    const loop = [record('a.example', 'CNAME', 'b.example'), record('b.example', 'CNAME', 'a.example')];
    names.observe(answer('a.example', [...loop, A('b.example', '203.0.113.1')]));
    expect(namesOf(names, '203.0.113.1')).toEqual(['a.example']);
  });

  test.each([
    ['a response that nobody asked for', {}, { outcome: 'unasked' }],
    ['what this host answered to others', { role: 'server' }, {}],
    ['a side that is not known', { role: 'unknown' }, {}],
  ] as const)('nothing: %s', (_, more, dns) => {
    const names = create();
    names.observe(answer('www.example.com', [A('www.example.com', '203.0.113.1')], more, dns));
    expect(names.size).toBe(0);
  });

  test('nothing: the unspecified address of a blocking resolver', () => {
    const names = create();
    names.observe(answer('ads.example.com', [A('ads.example.com', '0.0.0.0')]));
    expect(names.size).toBe(0);
  });
});

describe('whose names they are', () => {
  test("a process' own come first, those of the host else", () => {
    const names = create();
    names.observe(answer('one.example.com', [A('one.example.com', '203.0.113.1')], { owner: ONE }));
    names.observe(answer('two.example.com', [A('two.example.com', '203.0.113.1')], { owner: OTHER }));
    expect(namesOf(names, '203.0.113.1', { owner: ONE })).toEqual(['one.example.com']);
    expect(namesOf(names, '203.0.113.1', { owner: OTHER })).toEqual(['two.example.com']);
    expect(namesOf(names, '203.0.113.1', { owner: undefined })).toEqual([
      'two.example.com',
      'one.example.com',
    ]);
    expect(namesOf(names, '203.0.113.1', { owner: { ...ONE, startNs: 1 } })[0]).toBe('two.example.com');
  });

  test.each([
    ['machine', ['www.example.com']],
    ['address', []],
  ] as const)('host: %s', (host, expected) => {
    const names = create({ host });
    const [here, there] = ['192.0.2.1', '192.0.2.2'].map((text) => ({ ip: ip(text), port: 40_000 }));
    const seen = { owner: undefined, local: here! };
    names.observe(answer('www.example.com', [A('www.example.com', '203.0.113.1')], seen));
    expect(namesOf(names, '203.0.113.1', seen)).toEqual(['www.example.com']);
    expect(namesOf(names, '203.0.113.1', { owner: undefined, local: there! })).toEqual(expected);
  });
});

describe('how long', () => {
  const MINUTE = 60_000;
  test.each([
    ['its time to live', [300], 300_000],
    ['a minute at least', [0], MINUTE],
    ['a day at most', [1_000_000], 86_400_000],
    ['the shortest on the way', [120, 600], 120_000],
    ['the shortest on the way, last', [600, 120], 120_000],
  ])('%s', (_, ttls, lifeMs) => {
    const names = create();
    const [first = 0, second] = ttls;
    const direct = [A('www.example.com', '203.0.113.1', first)];
    const through = [
      record('www.example.com', 'CNAME', 'edge.example.net', first),
      A('edge.example.net', '203.0.113.1', second),
    ];
    names.observe(answer('www.example.com', second === undefined ? direct : through));
    const namesAfter = (ms: number) => namesOf(names, '203.0.113.1', { timeMs: TIME_MS + ms });
    expect(namesAfter(lifeMs - 1)).toEqual(['www.example.com']);
    expect(namesAfter(lifeMs)).toEqual([]);
  });
});

describe('bounds', () => {
  test('four names per address, the latest first, each once', () => {
    const names = create();
    for (const label of ['a', 'b', 'c', 'b', 'd', 'e'])
      names.observe(answer(`${label}.example`, [A(`${label}.example`, '203.0.113.1')]));
    const expected = ['e', 'd', 'b', 'c'].map((label) => `${label}.example`);
    expect(namesOf(names, '203.0.113.1')).toEqual(expected);
  });

  test('64 addresses per answer', () => {
    const names = create();
    const many = Array.from({ length: 100 }, (_, i) => A('a.example', `203.0.113.${i + 1}`));
    names.observe(answer('a.example', many, { owner: undefined }));
    expect(names.size).toBe(64);
  });

  test('the entry told longest ago makes room, and is counted', () => {
    const names = create({ maxEntries: 2 });
    for (const last of [1, 2, 1, 3])
      names.observe(answer('a.example', [A('a.example', `203.0.113.${last}`)], { owner: undefined }));
    expect([1, 2, 3].map((last) => namesOf(names, `203.0.113.${last}`).length)).toEqual([1, 0, 1]);
    expect(names.counters).toEqual({ learned: 4, evicted: 1 });
  });
});
