import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Side } from '../../../src/model/conversation.ts';
import { createDnsDecoder } from '../../../src/protocols/dns/decoder.ts';
import { createDnsTcpStream, type DnsTcpStream } from '../../../src/protocols/dns/tcp-stream.ts';
import { message, name, QUERY, u16, usualResponse } from './encode.ts';

const frame = (bytes: Uint8Array) => Uint8Array.from([...u16(bytes.length), ...bytes]);
const join = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const query = (id: number) =>
  message({ id, flags: QUERY, questions: [{ name: name('example.com'), type: 1 }] });

function setUp() {
  const seen: string[] = [];
  const decoder = createDnsDecoder();
  const stream = createDnsTcpStream({
    decoder,
    onMessage: (side, { id, answers }, timeMs) => seen.push(`${side} ${id} ${answers.length} @${timeMs}`),
  });
  return { seen, decoder, stream };
}

/** Feeds each part from a buffer that is overwritten afterwards, as callers may. */
function feed(stream: DnsTcpStream, side: Side, parts: readonly Uint8Array[], timeMs = 1): void {
  for (const part of parts) {
    const reused = part.slice();
    stream.data(side, reused, timeMs);
    reused.fill(0xee);
  }
}

const STREAM = join([1, 2, 3].map((id) => frame(usualResponse(id))));
const ALL = ['server 1 3 @1', 'server 2 3 @1', 'server 3 3 @1'];

describe('however it is split', () => {
  test('in one piece, and byte by byte', () => {
    for (const size of [STREAM.length, 1]) {
      const { seen, stream } = setUp();
      const parts = Array.from({ length: STREAM.length / size }, (_, i) =>
        STREAM.subarray(i * size, (i + 1) * size),
      );
      feed(stream, 'server', parts);
      expect(seen).toEqual(ALL);
    }
  });

  test('at every place', () => {
    for (let at = 0; at <= STREAM.length; at++) {
      const { seen, stream } = setUp();
      feed(stream, 'server', [STREAM.subarray(0, at), STREAM.subarray(at)]);
      expect(seen).toEqual(ALL);
    }
  });

  test('at any places, both directions between each other', () => {
    const cuts = fc.array(fc.nat(STREAM.length), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (places) => {
        const { seen, stream } = setUp();
        const bounds = [0, ...places.toSorted((a, b) => a - b), STREAM.length];
        for (const [i, from] of bounds.slice(0, -1).entries()) {
          feed(stream, 'server', [STREAM.subarray(from, bounds[i + 1])]);
          feed(stream, 'client', [frame(query(100 + i))]);
        }
        expect(seen.filter((line) => line.startsWith('server'))).toEqual(ALL);
        expect(seen.filter((line) => line.startsWith('client'))).toHaveLength(bounds.length - 1);
      }),
      { numRuns: 500 },
    );
  });
});

test('the time is that of the last byte', () => {
  const { seen, stream } = setUp();
  const bytes = frame(query(7));
  stream.data('client', bytes.subarray(0, 5), 10);
  stream.data('client', bytes.subarray(5), 20);
  expect(seen).toEqual(['client 7 0 @20']);
});

test('what is no message is counted and passed by', () => {
  const { seen, stream, decoder } = setUp();
  const parts = [
    frame(new Uint8Array(0)),
    frame(new Uint8Array(5)),
    frame(query(1)),
    frame(query(2).subarray(0, 20)),
  ];
  feed(stream, 'client', [join([...parts, frame(query(3))])]);
  expect(seen).toEqual(['client 1 0 @1', 'client 3 0 @1']);
  expect(decoder.counters).toMatchObject({ messages: 2, failures: { cut: 3, pointer: 0 } });
});

test('incomplete and odd messages are counted', () => {
  const { stream, decoder } = setUp();
  feed(stream, 'server', [frame(usualResponse().subarray(0, 80)), frame(usualResponse())]);
  expect(decoder.counters).toMatchObject({ messages: 2, incomplete: { cut: 1 }, oddRecords: 0 });
});

describe('gaps', () => {
  const one = frame(usualResponse(1));
  const two = frame(usualResponse(2));

  test('inside a message: that one is lost, the next is read', () => {
    for (let from = 2; from < one.length; from++) {
      const { seen, stream } = setUp();
      feed(stream, 'server', [one.subarray(0, from)]);
      stream.gap('server', one.length - from, false, 1);
      feed(stream, 'server', [two]);
      expect(seen).toEqual(['server 2 3 @1']);
      expect(stream.counters).toEqual({ cutMessages: 1, lostDirections: 0, skippedBytes: 0 });
    }
  });

  test('two inside the same message', () => {
    const { seen, stream } = setUp();
    feed(stream, 'server', [one.subarray(0, 10)]);
    stream.gap('server', 5, false, 1);
    feed(stream, 'server', [one.subarray(15, 20)]);
    stream.gap('server', 7, false, 1);
    feed(stream, 'server', [one.subarray(27), two]);
    expect(seen).toEqual(['server 2 3 @1']);
    expect(stream.counters.cutMessages).toBe(1);
  });

  test.each([
    ['between messages', one.length, 40],
    ['beginning in the length', 1, 40],
    ['reaching into the next message', one.length - 10, 11],
    ['of unknown length', 20, 0],
  ])(
    '%s: that direction waits for a piece that begins with a message, the other does not',
    (_, from, length) => {
      const { seen, stream } = setUp();
      feed(stream, 'server', [one.subarray(0, from)]);
      stream.gap('server', length, false, 1);
      feed(stream, 'server', [two.subarray(1), two.subarray(0, -1), Uint8Array.of(0)]);
      feed(stream, 'client', [frame(query(9))]);
      const behind = (): string[] => seen.filter((line) => !line.startsWith('server 1 '));
      expect(behind()).toEqual(['client 9 0 @1']);
      expect(stream.counters).toMatchObject({ lostDirections: 1, skippedBytes: 2 * two.length - 1 });
      feed(stream, 'server', [two, two]);
      expect(behind()).toEqual(['client 9 0 @1', 'server 2 3 @1', 'server 2 3 @1']);
    },
  );

  test('aligned: goes on, also after giving up', () => {
    const { seen, stream } = setUp();
    feed(stream, 'server', [one.subarray(0, 30)]);
    stream.gap('server', 0, true, 1);
    feed(stream, 'server', [two]);
    stream.gap('server', 0, false, 1);
    feed(stream, 'server', [one]);
    stream.gap('server', 10, true, 1);
    feed(stream, 'server', [two]);
    expect(seen).toEqual(['server 2 3 @1', 'server 1 3 @1', 'server 2 3 @1']);
    expect(stream.counters).toEqual({ cutMessages: 1, lostDirections: 1, skippedBytes: 0 });
  });

  test('any gap anywhere: never a message that was not sent', () => {
    fc.assert(
      fc.property(fc.nat(STREAM.length), fc.nat(60), fc.boolean(), (from, length, known) => {
        const { seen, stream } = setUp();
        feed(stream, 'server', [STREAM.subarray(0, from)]);
        stream.gap('server', known ? length : 0, false, 1);
        feed(stream, 'server', [STREAM.subarray(Math.min(STREAM.length, from + length))]);
        for (const line of seen) expect(ALL).toContain(line);
        expect(new Set(seen).size).toBe(seen.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('the end counts what was cut', () => {
    const { stream } = setUp();
    feed(stream, 'server', [one.subarray(0, 30)]);
    feed(stream, 'client', [Uint8Array.of(0)]);
    stream.end(2, false);
    stream.end(2, false);
    expect(stream.counters.cutMessages).toBe(2);
  });
});
