import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareIps, parseIp } from '../../../src/net/ip.ts';
import { formatRange } from '../../../src/net/prefix.ts';
import { atOnce } from '../../../src/net/steps.ts';
import { createBreaker } from '../../../src/reputation/scores/breaker.ts';
import { combine } from '../../../src/reputation/scores/combine.ts';
import { createMemoryStore } from '../../../src/reputation/scores/memory-store.ts';
import {
  decodeRecord,
  encodeRecord,
  parseValue,
  type ScoreRecord,
} from '../../../src/reputation/scores/record.ts';
import { startReputation } from '../../../src/reputation/scores/reputation.ts';
import { createScoreTable } from '../../../src/reputation/scores/table.ts';
import { NOW, record } from './contract.ts';

const DAY = 86_400_000;

describe('the score of a value', () => {
  test.each<[name: string, records: ScoreRecord[], afterMs: number, score: number | undefined]>([
    ['one agent', [record()], 0, 60],
    ['two of 50 make 75', [record({ score: 50 }), record({ agent: 'two', score: 50 })], 0, 75],
    ['100 is 100', [record({ score: 100 }), record({ agent: 'two', score: 3 })], 0, 100],
    ['halves in its half-life', [record({ expiresMs: NOW + 9 * DAY })], DAY, 30],
    ['people do not forget', [record({ decays: false, expiresMs: NOW + 9 * DAY })], 8 * DAY, 60],
    ['until the time is over', [record({ decays: false, expiresMs: NOW + DAY })], DAY, undefined],
    ['taken back', [record(), record({ agent: '*', removed: true, updatedMs: NOW })], 0, undefined],
    ['said again later', [record({ updatedMs: NOW + 1 }), record({ agent: '*', removed: true })], 1, 60],
    ['a clock that is ahead does not raise it', [record({ updatedMs: NOW + 1000 })], 0, 60],
    ['nobody', [], 0, undefined],
  ])('%s', (_, records, afterMs, score) => {
    expect(combine(records, NOW + afterMs, DAY)?.score).toBe(score);
  });

  test('with who and when', () => {
    const two = record({
      agent: 'two',
      source: 'manual',
      reason: 'kit',
      sightings: 4,
      firstSeenMs: NOW - 9,
      updatedMs: NOW + 9,
    });
    expect(combine([record(), two], NOW, DAY)).toEqual({
      value: '198.51.100.7',
      score: 84,
      sources: ['blocklist', 'manual'],
      agents: 2,
      sightings: 5,
      firstSeenMs: NOW - 9,
      lastSeenMs: NOW + 9,
      reason: 'kit',
    });
  });
});

describe('the table', () => {
  const table = () => createScoreTable({ halfLifeMs: DAY, maxValues: 5, maxAgents: 2 });
  const scoreOf = (at: ReturnType<typeof table>, ip: string) => at.scoreOf(parseIp(ip)!, NOW)?.score;

  test('finds addresses, networks around them, and names with their parents; the highest counts', () => {
    const at = table();
    at.apply(record({ value: '198.51.100.7', score: 20 }));
    at.apply(record({ value: '198.51.100.0/24', score: 70 }));
    at.apply(record({ value: '198.51.0.0/16', score: 30 }));
    at.apply(record({ value: '2001:db8::/32', score: 40 }));
    at.apply(record({ value: 'evil.example.com', score: 50 }));
    expect(
      ['198.51.100.7', '198.51.100.8', '198.51.9.9', '203.0.113.1', '2001:db8::1'].map((ip) =>
        scoreOf(at, ip),
      ),
    ).toEqual([70, 70, 30, undefined, 40]);
    const names = ['evil.example.com', 'a.b.Evil.example.com:443', 'notevil.example.com', '198.51.100.7'];
    expect(names.map((name) => at.scoreOfName(name, NOW)?.score)).toEqual([50, 50, undefined, undefined]);
  });

  test('is bounded, and what has expired makes room', () => {
    const at = table();
    for (let i = 0; i < 5; i++)
      expect(at.apply(record({ value: `198.51.100.${i}`, expiresMs: NOW + i }))).toBe(true);
    expect(at.apply(record({ value: '203.0.113.1' }))).toBe(false);
    expect(at.apply(record({ value: '198.51.100.1', agent: 'two' }))).toBe(true);
    expect(at.apply(record({ value: '198.51.100.1', agent: 'three' }))).toBe(false);
    at.purge(NOW + 2);
    expect(at.size()).toBe(3);
    expect(at.apply(record({ value: '203.0.113.0/24' }))).toBe(true);
    expect(scoreOf(at, '203.0.113.9')).toBe(60);
    at.purge(NOW + DAY);
    expect([at.size(), scoreOf(at, '203.0.113.9'), scoreOf(at, '198.51.100.4')]).toEqual([
      0,
      undefined,
      undefined,
    ]);
  });

  test('tells the addresses and networks of bad scores, in steps', () => {
    const at = createScoreTable({ halfLifeMs: DAY, maxValues: 5_000 });
    for (let i = 0; i < 2_000; i++)
      at.apply(record({ value: `198.51.${(i * 7) % 8}.${i & 255}`, score: i % 4 === 0 ? 90 : 20 }));
    for (const value of ['203.0.113.0/24', '2001:db8::7', 'evil.example.com'])
      at.apply(record({ value, score: 80 }));
    const bad = at.scores(NOW).filter(({ score }) => score >= 50);
    const addresses = bad.map(({ value }) => value).filter((value) => value !== 'evil.example.com');
    const steps = at.badRanges(50, NOW);
    let taken = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) taken++;
    expect(taken).toBe(Math.floor(at.size() / 512));
    for (const run of step.value) expect(run).toEqual(run.toSorted((a, b) => compareIps(a.first, b.first)));
    expect(step.value.flat().map(formatRange).toSorted()).toEqual(addresses.toSorted());
    // All have decayed below by then.
    expect(atOnce(at.badRanges(50, NOW + DAY)).flat()).toEqual([]);
  });

  test('records in any order, late or twice, end in the same', () => {
    const any = fc.record({
      agent: fc.constantFrom('one', 'two', '*'),
      updatedMs: fc.integer({ min: NOW - 5, max: NOW }),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), fc.func(fc.nat()), (said, shuffle) => {
        const records = said.map(({ agent, updatedMs }) =>
          record({
            agent,
            updatedMs,
            score: updatedMs % 100,
            ...(agent === '*' ? { removed: true as const } : {}),
          }),
        );
        const other = [...records, ...records].toSorted((a, b) => shuffle(a) - shuffle(b));
        const [one, two] = [
          createScoreTable({ halfLifeMs: DAY, maxValues: 9 }),
          createScoreTable({ halfLifeMs: DAY, maxValues: 9 }),
        ];
        for (const each of records) one.apply(each);
        for (const each of other) two.apply(each);
        expect(two.scores(NOW)).toEqual(one.scores(NOW));
      }),
    );
  });
});

test.each([
  ['198.51.100.007', undefined],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['198.51.100.9/24', '198.51.100.0/24'],
  ['2001:DB8::0/32', '2001:db8::/32'],
  ['Evil.Example.COM.', 'evil.example.com'],
  ['0.0.0.0/0', undefined],
  ['com', undefined],
  ['', undefined],
])('the value %s is kept as %s', (text, value) => {
  const parsed = parseValue(text);
  expect(parsed.ok ? parsed.value : undefined).toBe(value);
});

test('a record survives the way there and back; any other text is refused, not thrown at', () => {
  expect(decodeRecord(encodeRecord(record({ reason: 'x', removed: true })), NOW)).toEqual(
    record({ reason: 'x', removed: true }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.object().map((o) => JSON.stringify({ ...record(), ...o })),
      ),
      (text) => {
        const decoded = decodeRecord(text, NOW);
        if (decoded) expect(decodeRecord(encodeRecord(decoded), NOW)).toEqual(decoded);
      },
    ),
  );
});

test('the breaker opens after failures in a row, tries again after growing waits, and closes', () => {
  const breaker = createBreaker({ threshold: 2, firstWaitMs: 100, maxWaitMs: 300, random: () => 0.5 });
  breaker.failed(0);
  expect([breaker.allows(0), breaker.isOpen()]).toEqual([true, false]);
  breaker.failed(0);
  expect([breaker.allows(99), breaker.allows(100), breaker.isOpen()]).toEqual([false, true, true]);
  breaker.failed(100);
  expect([breaker.allows(299), breaker.allows(300)]).toEqual([false, true]);
  for (let i = 0; i < 9; i++) breaker.failed(1000);
  expect([breaker.allows(1299), breaker.allows(1300)]).toEqual([false, true]);
  breaker.succeeded();
  expect([breaker.allows(0), breaker.isOpen()]).toEqual([true, false]);
});

describe('sharing through memory', () => {
  const SAYING = { source: 'blocklist', score: 60, ttlMs: DAY };
  const start = (store = createMemoryStore(), change = {}) =>
    startReputation({ store, agent: 'one', onReport: () => undefined, pollMs: 2 ** 30, ...change });

  test('what waits is bounded, and what did not find room is counted', async () => {
    const store = { ...createMemoryStore(), write: async () => Promise.reject(new Error('down')) };
    const reputation = start(store, { maxPending: 3, maxValues: 4 });
    await reputation.sync();
    for (let i = 0; i < 6; i++) reputation.sight(`198.51.100.${i}`, SAYING);
    reputation.sight('198.51.100.0', SAYING);
    await reputation.sync();
    expect(reputation.counters()).toMatchObject({
      values: 4,
      pending: 3,
      refused: 3,
      failures: 1,
      published: 0,
    });
    await reputation.close();
  });

  test('sightings of one value are counted, and go out as one record', async () => {
    const store = createMemoryStore();
    const reputation = start(store);
    await reputation.sync();
    for (let i = 0; i < 100; i++) reputation.sight('198.51.100.7', SAYING);
    reputation.sight('no value', SAYING);
    await reputation.sync();
    expect((await store.readAll()).records).toMatchObject([
      { value: '198.51.100.7', agent: 'one', sightings: 100 },
    ]);
    await reputation.close();
  });

  test('what is removed by people is gone for all, until it is seen again', async () => {
    const store = createMemoryStore();
    const reputation = start(store);
    reputation.sight('198.51.100.7', SAYING);
    await reputation.sync();
    await store.write([record({ agent: '*', removed: true, updatedMs: Date.now() + 1 })]);
    await reputation.sync();
    const score = () => reputation.lookup.scoreOf(parseIp('198.51.100.7')!, Date.now())?.score;
    expect(score()).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 5));
    reputation.sight('198.51.100.7', { ...SAYING, score: 10 });
    expect(score()).toBe(10);
    await reputation.close();
  });

  test('what has expired is taken out of the store by whoever reads it', async () => {
    const store = createMemoryStore();
    await store.write([record({ expiresMs: Date.now() - 1 }), record({ agent: 'two' })]);
    const reputation = start(store);
    await reputation.sync();
    expect((await store.readAll()).records).toEqual([record({ agent: 'two' })]);
    await reputation.close();
  });
});
