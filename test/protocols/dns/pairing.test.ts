import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Side } from '../../../src/model/conversation.ts';
import type { DnsResult } from '../../../src/protocols/dns/facts.ts';
import { createDnsPairing } from '../../../src/protocols/dns/pairing.ts';
import { parseDnsAnswers } from '../../../src/protocols/dns/parse-message.ts';
import { TransactionTable } from '../../../src/protocols/dns/transaction-table.ts';
import { message, name, type Parts, pointer, QUERY, RESPONSE, v4 } from './encode.ts';

const A = 1;
const AAAA = 28;

function decode(parts: Parts, cutBy = 0) {
  const bytes = message(parts);
  const result = parseDnsAnswers(bytes, 0, bytes.length - cutBy);
  if ('error' in result) throw new Error(result.error);
  return result;
}

const asked = (text: string, type = A) => ({ name: name(text), type });
const query = (id: number, text: string, type = A) =>
  decode({ id, flags: QUERY, questions: [asked(text, type)] });
const answer = { name: pointer(12), type: A, data: v4('192.0.2.1') };
const response = (id: number, text: string, type = A, flags = RESPONSE) =>
  decode({ id, flags, questions: [asked(text, type)], answers: type === A ? [answer] : [] });

function setUp(options: { timeoutMs?: number; maxPending?: number } = {}) {
  const results: (DnsResult & { key: string; timeMs: number })[] = [];
  const pairing = createDnsPairing<string>({
    ...options,
    keyOf: (key) => key,
    onResult: (result, key, timeMs) => results.push({ ...result, key, timeMs }),
  });
  const lines = () =>
    results.map((r) => `${r.questionName} ${r.questionType} ${r.outcome} ${r.responseCode ?? '-'}`);
  return { pairing, results, lines };
}

test('a question and its answer', () => {
  const { pairing, results } = setUp();
  pairing.message('s', 'client', query(7, 'www.Example.com'), 1000);
  expect(pairing.pending).toBe(1);
  pairing.message('s', 'server', response(7, 'WWW.example.com'), 1002.5);
  expect(results).toEqual([
    {
      key: 's',
      timeMs: 1002.5,
      id: 7,
      questionName: 'www.example.com',
      questionType: 'A',
      outcome: 'answered',
      responseCode: 'NOERROR',
      answers: [{ name: 'www.example.com', type: 'A', ttlSeconds: 300, data: '192.0.2.1' }],
      latencyMs: 2.5,
      truncated: false,
      retries: 0,
      partial: false,
      afterTruncation: false,
    },
  ]);
  expect(pairing.pending).toBe(0);
});

test('A and AAAA on one socket with one id, answered in the other order', () => {
  const { pairing, lines } = setUp();
  pairing.message('s', 'client', query(7, 'a.example'), 0);
  pairing.message('s', 'client', query(7, 'a.example', AAAA), 0);
  pairing.message('s', 'server', response(7, 'a.example', AAAA), 1);
  pairing.message('s', 'server', response(7, 'a.example', A, RESPONSE | 3), 2);
  expect(lines()).toEqual(['a.example AAAA answered NOERROR', 'a.example A answered NXDOMAIN']);
});

test('the same id on two sockets, and both ends asking each other', () => {
  const { pairing, results } = setUp();
  pairing.message('s', 'client', query(7, 'a.example'), 0);
  pairing.message('t', 'client', query(7, 'a.example'), 1);
  pairing.message('s', 'server', query(7, 'a.example'), 2);
  pairing.message('t', 'server', response(7, 'a.example'), 10);
  pairing.message('s', 'client', response(7, 'a.example'), 20);
  pairing.message('s', 'server', response(7, 'a.example'), 30);
  expect(results.map(({ key, latencyMs }) => [key, latencyMs])).toEqual([
    ['t', 9],
    ['s', 18],
    ['s', 30],
  ]);
});

test('keys of any kind are told apart', () => {
  const keys = [0, 1, 2 ** 36 - 1, 2 ** 36, Number.MAX_SAFE_INTEGER, -1, 0.5, '0', '1', ''];
  const answered: (string | number)[] = [];
  const pairing = createDnsPairing<string | number>({
    keyOf: (key) => key,
    onResult: (_, key) => answered.push(key),
  });
  for (const key of keys) {
    for (const side of ['client', 'server'] as const)
      pairing.message(key, side, query(65_535, 'a.example'), 0);
    pairing.message(key, 'client', query(0, 'a.example'), 0);
  }
  expect(pairing.pending).toBe(3 * keys.length);
  for (const key of keys) pairing.message(key, 'server', response(65_535, 'a.example'), 1);
  expect(answered).toEqual(keys);
});

describe('repeats', () => {
  test('of the query count as retries, and latency runs from the first', () => {
    const { pairing, results } = setUp();
    for (const timeMs of [0, 1000, 2000]) pairing.message('s', 'client', query(7, 'a.example'), timeMs);
    pairing.message('s', 'server', response(7, 'a.example'), 2010);
    expect(results).toMatchObject([{ retries: 2, latencyMs: 2010 }]);
    expect(pairing.counters).toMatchObject({ questions: 3, retries: 2, answered: 1 });
  });

  test('of the response are counted, not reported', () => {
    const { pairing, results } = setUp();
    pairing.message('s', 'client', query(7, 'a.example'), 0);
    for (const timeMs of [5, 6, 7]) pairing.message('s', 'server', response(7, 'a.example'), timeMs);
    expect(results).toHaveLength(1);
    expect(pairing.counters).toMatchObject({ responses: 3, answered: 1, duplicates: 2 });
  });

  test('of an unasked response too', () => {
    const { pairing, lines } = setUp();
    pairing.message('s', 'server', response(7, 'a.example'), 5);
    pairing.message('s', 'server', response(7, 'a.example'), 6);
    expect(lines()).toEqual(['a.example A unasked NOERROR']);
    expect(pairing.counters).toMatchObject({ unasked: 1, duplicates: 1 });
  });

  test('the same id and question after the answer is a new question', () => {
    const { pairing, results } = setUp();
    for (const timeMs of [0, 100]) {
      pairing.message('s', 'client', query(7, 'a.example'), timeMs);
      pairing.message('s', 'server', response(7, 'a.example'), timeMs + 3);
    }
    expect(results).toMatchObject([{ latencyMs: 3 }, { latencyMs: 3, retries: 0 }]);
  });
});

describe('timeouts', () => {
  test('are reported when due, by tick or by the next message, with the time they were due', () => {
    for (const late of ['tick', 'message'] as const) {
      const { pairing, results } = setUp({ timeoutMs: 2000 });
      pairing.message('s', 'client', query(7, 'a.example'), 100);
      pairing.tick(2099);
      expect(results).toEqual([]);
      if (late === 'tick') pairing.tick(9000);
      else pairing.message('t', 'client', query(8, 'b.example'), 9000);
      expect(results).toMatchObject([{ outcome: 'timeout', key: 's', timeMs: 2100, retries: 0 }]);
      expect(results[0]).not.toHaveProperty('responseCode');
      expect(results[0]).not.toHaveProperty('latencyMs');
    }
  });

  test('after five seconds when nothing is said', () => {
    const { pairing, results } = setUp();
    pairing.message('s', 'client', query(7, 'a.example'), 0);
    pairing.tick(4999.9);
    expect(results).toEqual([]);
    pairing.tick(5000);
    expect(results).toMatchObject([{ timeMs: 5000 }]);
  });

  test('a response after that is counted, and another query is a new one', () => {
    const { pairing, lines } = setUp();
    pairing.message('s', 'client', query(7, 'a.example'), 0);
    pairing.message('s', 'server', response(7, 'a.example'), 5000);
    pairing.message('s', 'client', query(7, 'a.example'), 5001);
    pairing.message('s', 'server', response(7, 'a.example'), 5002);
    expect(lines()).toEqual(['a.example A timeout -', 'a.example A answered NOERROR']);
    expect(pairing.counters).toMatchObject({ timeouts: 1, late: 1, answered: 1 });
  });

  test('one is not spared because the clock stepped back', () => {
    const { pairing, lines } = setUp();
    pairing.message('s', 'client', query(1, 'a.example'), 100_000);
    pairing.message('s', 'client', query(2, 'b.example'), 0);
    pairing.message('s', 'server', response(2, 'b.example'), 9000);
    expect(lines()).toEqual(['b.example A timeout -']);
    expect(pairing.counters.late).toBe(1);
  });

  test('nothing is left behind', () => {
    const { pairing, results } = setUp();
    pairing.message('s', 'client', query(7, 'a.example'), 0);
    pairing.tick(5000);
    pairing.tick(20_000);
    pairing.message('s', 'server', response(7, 'a.example'), 20_001);
    expect(results.at(-1)).toMatchObject({ outcome: 'unasked' });
  });
});

describe('what does not match', () => {
  test.each([
    ['another id', response(8, 'a.example')],
    ['another name', response(7, 'b.example')],
    ['another type', response(7, 'a.example', AAAA)],
    ['another class', decode({ id: 7, questions: [{ ...asked('a.example'), class: 3 }] })],
  ])('%s is unasked, and the question still waits', (_, wrong) => {
    const { pairing, results } = setUp();
    pairing.message('s', 'client', query(7, 'a.example'), 0);
    pairing.message('s', 'server', wrong, 1);
    expect(results).toMatchObject([{ outcome: 'unasked' }]);
    expect(pairing.pending).toBe(1);
  });

  test('a response without question goes to the only one with its id', () => {
    const bare = decode({ id: 7, flags: RESPONSE | 1 });
    const { pairing, lines } = setUp();
    pairing.message('s', 'client', query(7, 'a.example'), 0);
    pairing.message('s', 'server', bare, 1);
    pairing.message('s', 'server', bare, 2);
    expect(lines()).toEqual(['a.example A answered FORMERR']);
    expect(pairing.counters.duplicates).toBe(1);
  });

  test('a response without question that fits two is counted; one that fits none has no name', () => {
    const bare = decode({ id: 7, flags: RESPONSE | 4 });
    const { pairing, lines } = setUp();
    pairing.message('s', 'client', query(7, 'a.example'), 0);
    pairing.message('s', 'client', query(7, 'a.example', AAAA), 0);
    pairing.message('s', 'server', bare, 1);
    pairing.message('t', 'server', bare, 1);
    expect(lines()).toEqual(['  unasked NOTIMP']);
    expect(pairing.counters).toMatchObject({ ambiguous: 1, unasked: 1 });
    expect(pairing.pending).toBe(2);
  });

  test('other operations and queries for nothing are counted', () => {
    const { pairing, results } = setUp();
    pairing.message('s', 'client', decode({ flags: 0x2800, questions: [asked('example.com', 6)] }), 0);
    pairing.message('s', 'client', decode({ flags: QUERY }), 0);
    pairing.tick(60_000);
    expect(results).toEqual([]);
    expect(pairing.counters).toMatchObject({ otherOpcodes: 1, emptyQueries: 1, questions: 0 });
  });
});

describe('several questions in one message', () => {
  const questions = [asked('a.example'), asked('b.example'), asked('a.example')];

  test('are reported each, with the answers that follow from it', () => {
    const { pairing, results } = setUp();
    pairing.message('s', 'client', decode({ id: 7, flags: QUERY, questions }), 0);
    const answers = [
      { name: name('b.example'), type: 5, data: name('c.example') },
      { name: name('a.example'), type: A, data: v4('192.0.2.1') },
      { name: name('c.example'), type: A, data: v4('192.0.2.2') },
      { name: name('c.example'), type: 16, data: [1, 97] },
    ];
    pairing.message('s', 'server', decode({ id: 7, questions, answers }), 4);
    expect(results.map((r) => [r.questionName, r.answers?.map(({ data }) => data)])).toEqual([
      ['a.example', ['192.0.2.1']],
      ['b.example', ['c.example', '192.0.2.2']],
    ]);
    expect(pairing.counters).toMatchObject({ questions: 2, answered: 2, skippedQuestions: 2 });
  });

  test('of too many the first eight', () => {
    const many = Array.from({ length: 50 }, (_, i) => asked(`n${i}.example`));
    const { pairing } = setUp();
    pairing.message('s', 'client', decode({ flags: QUERY, questions: many }), 0);
    expect(pairing.pending).toBe(8);
    expect(pairing.counters.skippedQuestions).toBe(42);
  });
});

test('truncated, then asked again over TCP: two results, the second marked', () => {
  const { pairing, results } = setUp();
  pairing.message('udp', 'client', query(7, 'a.example'), 0);
  pairing.message('udp', 'server', decode({ id: 7, flags: 0x8380, questions: [asked('a.example')] }), 10);
  pairing.message('tcp', 'client', query(7, 'a.example'), 20);
  pairing.message('tcp', 'server', response(7, 'a.example'), 30);
  pairing.message('other', 'client', query(8, 'a.example'), 40);
  pairing.message('other', 'server', response(8, 'a.example'), 50);
  expect(results.map((r) => [r.key, r.truncated, r.afterTruncation])).toEqual([
    ['udp', true, false],
    ['tcp', false, true],
    ['other', false, false],
  ]);
});

test('a response that was cut is partial; without the place of its code there is none', () => {
  const { pairing, results } = setUp();
  const parts = { id: 7, questions: [asked('a.example')], answers: [answer, answer] };
  pairing.message('s', 'client', query(7, 'a.example'), 0);
  pairing.message('s', 'server', decode(parts, 4), 1);
  expect(results).toMatchObject([{ partial: true, outcome: 'answered', answers: [{ data: '192.0.2.1' }] }]);
  expect(results[0]).not.toHaveProperty('responseCode');
});

test('a response is partial too where only what follows the answers was cut', () => {
  const { pairing, results } = setUp();
  const parts = { id: 7, questions: [asked('a.example')], answers: [answer], additionals: [answer] };
  pairing.message('s', 'server', decode(parts, 4), 1);
  expect(results).toMatchObject([{ partial: true, answers: [{ data: '192.0.2.1' }] }]);
});

test('multicast is not paired: responses are reported as they come', () => {
  const { pairing, results } = setUp();
  const announced = { name: name('printer.local'), type: A, class: 0x8001, data: v4('192.0.2.1') };
  const announcement = decode({ id: 0, flags: 0x8400, answers: [announced] });
  pairing.multicast('m', query(0, 'printer.local'), 0);
  pairing.multicast('m', announcement, 1);
  pairing.multicast('m', announcement, 2);
  pairing.tick(60_000);
  expect(results).toMatchObject([
    { outcome: 'unasked', questionName: '', answers: [{ name: 'printer.local', data: '192.0.2.1' }] },
    { outcome: 'unasked', timeMs: 2 },
  ]);
  expect(pairing.counters).toMatchObject({ multicast: 3, unasked: 2, questions: 0 });
});

describe('bounds', () => {
  test('a full table refuses new questions, keeps the waiting ones, and takes the place of ended ones', () => {
    const { pairing, results } = setUp({ maxPending: 10 });
    for (let id = 0; id < 15; id++) pairing.message('s', 'client', query(id, 'a.example'), 0);
    expect(pairing.pending).toBe(10);
    expect(pairing.counters.refused).toBe(5);
    pairing.message('s', 'server', response(3, 'a.example'), 1);
    pairing.message('s', 'client', query(99, 'b.example'), 2);
    expect(pairing.pending).toBe(10);
    pairing.message('s', 'server', response(99, 'b.example'), 3);
    expect(results).toMatchObject([
      { id: 3, outcome: 'answered' },
      { id: 99, outcome: 'answered' },
    ]);
  });

  test('one socket under one id', () => {
    const { pairing } = setUp();
    for (let i = 0; i < 100; i++) pairing.message('s', 'client', query(7, `n${i}.example`), 0);
    expect(pairing.pending).toBe(32);
    expect(pairing.counters.refused).toBe(68);
  });

  test('a flood of forged responses holds no more than the cap', () => {
    const { pairing } = setUp({ maxPending: 10 });
    pairing.message('s', 'client', query(1, 'a.example'), 0);
    for (let id = 2; id < 500; id++) pairing.message('s', 'server', response(id, 'a.example'), 1);
    pairing.message('s', 'server', response(1, 'a.example'), 2);
    expect(pairing.counters).toMatchObject({ unasked: 498, answered: 1, refused: 0 });
  });

  test('the end leaves nothing and invents nothing: what waits is told as asked, when it was asked', () => {
    const { pairing, results } = setUp();
    pairing.message('s', 'client', query(1, 'a.example'), 0);
    pairing.message('s', 'client', query(2, 'b.example'), 4000);
    pairing.message('s', 'client', query(2, 'b.example'), 5500);
    pairing.end(6000);
    expect(results).toEqual([
      expect.objectContaining({ id: 1, outcome: 'timeout' }),
      {
        key: 's',
        timeMs: 4000,
        id: 2,
        questionName: 'b.example',
        questionType: 'A',
        outcome: 'asked',
        retries: 1,
        partial: false,
        afterTruncation: false,
      },
    ]);
    expect(pairing.counters).toMatchObject({ undecided: 1, timeouts: 1 });
    expect(pairing.pending).toBe(0);
    pairing.end(7000);
    expect(results).toHaveLength(2);
  });
});

const step = fc.record({
  afterMs: fc.constantFrom(0, 1, 700, 2500, 6000),
  key: fc.constantFrom('s', 't'),
  side: fc.constantFrom<Side>('client', 'server'),
  id: fc.nat(2),
  text: fc.constantFrom('a.example', 'b.example'),
  isResponse: fc.boolean(),
});

test('any traffic: the counters add up, and the rhythm of ticks changes nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 50, max: 3000 }), (steps, everyMs) => {
      const plain = setUp({ maxPending: 7 });
      const ticked = setUp({ maxPending: 7 });
      let nowMs = 0;
      for (const { afterMs, key, side, id, text, isResponse } of steps) {
        for (let at = nowMs; at <= nowMs + afterMs; at += everyMs) ticked.pairing.tick(at);
        nowMs += afterMs;
        const sent = isResponse ? response(id, text) : query(id, text);
        plain.pairing.message(key, side, sent, nowMs);
        ticked.pairing.message(key, side, sent, nowMs);
      }
      expect(ticked.results).toEqual(plain.results);
      const { counters: c, pending } = plain.pairing;
      expect(c.questions).toBe(c.retries + c.refused + c.answered + c.timeouts + c.undecided + pending);
      expect(c.responses).toBe(c.answered + c.unasked + c.duplicates + c.late + c.ambiguous);
      expect(plain.results).toHaveLength(c.answered + c.timeouts + c.unasked);
      plain.pairing.end(nowMs);
      expect(c.undecided).toBe(pending);
      expect(plain.results).toHaveLength(c.answered + c.timeouts + c.unasked + c.undecided);
    }),
    { numRuns: 500 },
  );
});

test('an ended question keeps its conversation no longer, so that a server of many clients does not fill memory', () => {
  const table = new TransactionTable<{ readonly client: number }>(10);
  const question = { name: 'www.example.com', type: 'A', class: 1 };
  const rest = { group: 1, id: 1, question, firstMs: 0, afterTruncation: false, state: 'waiting' } as const;
  table.add({ conversation: { client: 7 }, ...rest });
  const known = table.find(1, question);
  if (known === undefined) throw new Error('not found');
  expect(table.end(known, 'answered', 5)).toEqual({ client: 7 });
  expect(table.find(1, question)?.conversation).toBeUndefined();
  expect(table.end(known, 'answered', 6)).toBeUndefined();
});

test('groups that are looked up in one place stay apart: each is found, filled and emptied alone', () => {
  const table = new TransactionTable<number>(200);
  const rest = { id: 1, firstMs: 0, afterTruncation: false, state: 'waiting' } as const;
  const asked = (i: number) => ({ name: `n${i}.example.com`, type: 'A', class: 1 });
  // The same in their last 32 bits once 2^32 times the golden ratio's part is mixed in.
  const one = 7;
  const other = 2 ** 32 + ((7 ^ 0x9e3779b1) >>> 0);
  for (let i = 0; i < 40; i++) {
    const opening = { conversation: i, question: asked(i), ...rest };
    expect(table.add({ ...opening, group: one })).toBe(i < 32);
    expect(table.add({ ...opening, group: other })).toBe(i < 32);
  }
  expect(table.group(one).map(({ conversation }) => conversation)).toEqual([...Array(32).keys()]);
  for (const i of [0, 31, 15]) table.remove(table.find(one, asked(i))!);
  expect(table.group(one)).toHaveLength(29);
  expect(table.find(one, asked(15))).toBeUndefined();
  expect(table.group(other)).toHaveLength(32);
  for (const known of table.group(other)) table.remove(known);
  expect(table.group(other)).toEqual([]);
  expect(table.find(one, asked(16))?.conversation).toBe(16);
  expect(table.waiting).toBe(29);
});
