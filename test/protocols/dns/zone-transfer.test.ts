import { describe, expect, test } from 'vitest';
import type { Side } from '../../../src/model/conversation.ts';
import { createDnsDecoder } from '../../../src/protocols/dns/decoder.ts';
import type { DnsResult } from '../../../src/protocols/dns/facts.ts';
import { createDnsPairing } from '../../../src/protocols/dns/pairing.ts';
import { createDnsTcpStream } from '../../../src/protocols/dns/tcp-stream.ts';
import { MAX_TRANSFER_ANSWERS } from '../../../src/protocols/dns/transfer-gathering.ts';
import {
  message,
  name,
  type Parts,
  QUERY,
  RESPONSE,
  repeated,
  type Section,
  u16,
  u32,
  v4,
} from './encode.ts';

const A = 1;
const AXFR = 252;
const IXFR = 251;
const ZONE = name('example.com');

/** Connections of a client to its primary server, and what is told of them. */
function setUp() {
  const results: (DnsResult & { key: string; timeMs: number })[] = [];
  const pairing = createDnsPairing<string>({
    keyOf: (key) => key,
    onResult: (result, key, timeMs) => results.push({ ...result, key, timeMs }),
  });
  const connect = (key: string) => {
    const stream = createDnsTcpStream({
      decoder: createDnsDecoder(),
      onMessage: (side, said, timeMs) => pairing.message(key, side, said, timeMs),
    });
    const say = (side: Side, parts: Parts, timeMs: number) => {
      const bytes = message({ id: 7, ...parts });
      stream.data(side, Uint8Array.from([...u16(bytes.length), ...bytes]), timeMs);
    };
    return {
      stream,
      ask: (type: number, timeMs = 0) =>
        say('client', { flags: QUERY, questions: [{ name: ZONE, type }] }, timeMs),
      say: (parts: Parts, timeMs: number) => say('server', parts, timeMs),
    };
  };
  return { results, pairing, connect, ...connect('tcp') };
}

const soa = (serial: number): Section => ({
  name: ZONE,
  type: 6,
  data: [...name('ns.example.com'), ...name('admin.example.com'), ...[serial, 2, 3, 4, 5].flatMap(u32)],
});
const host = (n: number): Section => ({
  name: name(`h${n}.example.com`),
  type: A,
  data: v4(`192.0.2.${n % 256}`),
});
const soaText = (serial: number) => `ns.example.com admin.example.com ${serial} 2 3 4 5`;
const hostText = (n: number) => `192.0.2.${n}`;
const first = (type: number, ...answers: Section[]): Parts => ({
  questions: [{ name: ZONE, type }],
  answers,
});
const further = (...answers: Section[]): Parts => ({ answers });
const data = ({ answers }: DnsResult) => answers?.map((record) => record.data);

describe('a transfer of several messages is told once, with its closing SOA', () => {
  test.each<[string, number, Parts[], string[]]>([
    [
      'a zone; the question stands where it likes',
      AXFR,
      [first(AXFR, soa(9), host(1)), first(AXFR, host(2)), further(host(3), soa(9))],
      [soaText(9), hostText(1), hostText(2), hostText(3), soaText(9)],
    ],
    [
      'a record a message',
      AXFR,
      [first(AXFR, soa(9)), further(host(1)), further(soa(9))],
      [soaText(9), hostText(1), soaText(9)],
    ],
    [
      'a zone for a question after differences',
      IXFR,
      [first(IXFR, soa(9), host(1)), further(host(2)), further(soa(9))],
      [soaText(9), hostText(1), hostText(2), soaText(9)],
    ],
    [
      'differences over two versions',
      IXFR,
      [
        first(IXFR, soa(9), soa(7), host(1)),
        further(soa(8), soa(8)),
        further(soa(9), host(2)),
        further(soa(9)),
      ],
      [soaText(9), soaText(7), hostText(1), soaText(8), soaText(8), soaText(9), hostText(2), soaText(9)],
    ],
  ])('%s', (_, type, messages, expected) => {
    const { results, pairing, ask, say } = setUp();
    ask(type);
    messages.forEach((parts, at) => {
      expect(results).toEqual([]);
      say(parts, 10 + 4000 * at);
    });
    expect(results.map(data)).toEqual([expected]);
    expect(results).toMatchObject([
      {
        key: 'tcp',
        questionName: 'example.com',
        outcome: 'answered',
        responseCode: 'NOERROR',
        timeMs: 10,
        latencyMs: 10,
        partial: false,
      },
    ]);
    expect(pairing.counters).toMatchObject({
      responses: messages.length,
      answered: 1,
      continued: messages.length - 1,
      duplicates: 0,
      timeouts: 0,
    });
  });

  test('two on one connection, and other questions between', () => {
    const { results, ask, say } = setUp();
    ask(AXFR);
    say(first(AXFR, soa(9), host(1)), 1);
    say({ id: 8, ...first(AXFR, soa(9), host(2)) }, 2);
    say({ id: 7, ...first(A, host(3)) }, 3);
    say({ id: 8, ...further(soa(9)) }, 4);
    say(further(soa(9)), 5);
    expect(results.map((result) => [result.id, result.outcome, data(result)?.length])).toEqual([
      [7, 'unasked', 1],
      [8, 'unasked', 3],
      [7, 'answered', 3],
    ]);
  });
});

describe('one message is told at once', () => {
  test.each<[string, number, Parts]>([
    ['a small zone', AXFR, first(AXFR, soa(9), host(1), soa(9))],
    ['differences', IXFR, first(IXFR, soa(9), soa(8), soa(9), host(1), soa(9))],
    ['that the version is the latest', IXFR, first(IXFR, soa(9))],
    ['a refusal', AXFR, { flags: RESPONSE | 5, ...first(AXFR) }],
    ['nothing', AXFR, first(AXFR)],
    ['what does not begin as a zone does', AXFR, first(AXFR, host(1))],
  ])('%s', (_, type, parts) => {
    const { results, ask, say } = setUp();
    ask(type);
    say(parts, 5);
    expect(results).toMatchObject([{ outcome: 'answered', latencyMs: 5, partial: false }]);
    expect(results[0]?.answers).toHaveLength(parts.answers?.length ?? 0);
  });
});

describe('a transfer without its end is told as partial', () => {
  const begun = () => {
    const world = setUp();
    world.ask(AXFR);
    world.say(first(AXFR, soa(9), host(1)), 10);
    world.say(further(host(2)), 4000);
    return world;
  };
  const expected = { outcome: 'answered', latencyMs: 10, timeMs: 10, partial: true };
  const three = [soaText(9), hostText(1), hostText(2)];

  test('when the connection ends', () => {
    const { results, pairing, stream } = begun();
    stream.end(4001, true);
    expect(results).toMatchObject([expected]);
    expect(results.map(data)).toEqual([three]);
    expect(pairing.counters).toMatchObject({ responses: 2, continued: 1 });
  });

  test('when nothing more comes for five seconds, and what comes then changes nothing', () => {
    const { results, pairing, stream, say } = begun();
    pairing.tick(8999);
    expect(results).toEqual([]);
    pairing.tick(9000);
    expect(results).toMatchObject([expected]);
    say(further(soa(9)), 9001);
    stream.end(9002, false);
    expect(results).toHaveLength(1);
    expect(pairing.counters.duplicates).toBe(1);
  });

  test('when what is watched ends', () => {
    const { results, pairing } = begun();
    pairing.end(4001);
    expect(results).toMatchObject([expected]);
  });

  test('when a message is missing in it', () => {
    const { results, stream, say } = begun();
    stream.gap('server', 100, true, 4001);
    say(further(soa(9)), 4002);
    expect(results).toMatchObject([expected]);
    expect(results[0]?.answers).toHaveLength(4);
  });

  test('when the server gives up: the code is the last one', () => {
    const { results, say } = begun();
    say({ flags: RESPONSE | 2 }, 4002);
    expect(results).toMatchObject([{ ...expected, responseCode: 'SERVFAIL', partial: true }]);
  });
});

describe('bounds', () => {
  test('answers beyond the limit are left out, and that is said', () => {
    const { results, ask, say } = setUp();
    ask(AXFR);
    say(first(AXFR, soa(9)), 1);
    for (let n = 0; n <= MAX_TRANSFER_ANSWERS; n += 100) say(further(...repeated(100, host(1))), 2);
    say(further(soa(9)), 3);
    expect(results).toMatchObject([{ partial: true }]);
    expect(results[0]?.answers).toHaveLength(MAX_TRANSFER_ANSWERS);
  });

  test('long answers fill it earlier', () => {
    const { results, ask, say } = setUp();
    const text: Section = { name: ZONE, type: 16, data: repeated(15, [255, ...repeated(255, 97)]).flat() };
    ask(AXFR);
    say(first(AXFR, soa(9)), 1);
    for (let n = 0; n < 40; n++) say(further(...repeated(10, text)), 2);
    say(further(soa(9)), 3);
    expect(results).toMatchObject([{ partial: true }]);
    expect(results[0]?.answers?.length).toBeLessThan(150);
  });

  test('of too many at once the one that was silent longest makes way', () => {
    const { results, pairing, connect } = setUp();
    for (let n = 0; n < 40; n++) connect(`c${n}`).say(first(AXFR, soa(9), host(1)), n);
    expect(results.map(({ key }) => key)).toEqual(Array.from({ length: 8 }, (_, n) => `c${n}`));
    expect(results.every(({ partial }) => partial)).toBe(true);
    pairing.end(100);
    expect(results).toHaveLength(40);
  });

  test('of too many on one connection the first message alone is told', () => {
    const { results, say } = setUp();
    for (let id = 0; id < 33; id++) say({ id, ...first(AXFR, soa(9), host(1)) }, 1);
    expect(results).toMatchObject([{ id: 32, partial: true }]);
  });
});
