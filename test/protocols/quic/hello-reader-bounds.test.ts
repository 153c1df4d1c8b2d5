import { describe, expect, test } from 'vitest';
import { type Bytes, concat, fields } from '../../support/packets.ts';
import { cryptoFrame, initialPacket, quicInitial } from '../../support/quic-initial.ts';
import { counted, DCID, HELLO, longHello, NAME, openCrypto, watch } from './read-flight.ts';

const id = (index: number): Bytes => fields([32, 0xabcdef01], [32, index]);
/** A part of a hello that is never whole, unprotected. */
const part = (index: number, size = 100): Bytes =>
  initialPacket({
    dcid: id(index),
    keys: 'none',
    frames: cryptoFrame(0, Uint8Array.of(1, 0, 255, 0, ...new Uint8Array(size))),
    size: 1200,
  });
const whole = (dcid: Bytes = DCID): Bytes[] => quicInitial({ hello: HELLO, dcid, keys: 'none' });

describe('ten seconds', () => {
  const [first, second] = quicInitial({ hello: longHello(1500), dcid: DCID }) as [Bytes, Bytes];

  test.each([
    [9_999, ['long.example.com'], counted({ hellos: 1 })],
    // The rest begins anew.
    [10_000, [], counted({ cut: 2 })],
    [-10_000, [], counted({ cut: 2 })],
  ])('the rest of a hello after %d ms', (laterMs, names, counters) => {
    const watched = watch();
    watched.feed([first], 50_000);
    watched.feed([second], 50_000 + laterMs);
    watched.reader.end();
    expect(watched.names()).toEqual(names);
    expect(watched.counters).toEqual(counters);
  });

  test('a tick gives up what is old, once', () => {
    const { feed, reader, counters } = watch();
    feed([first], 1000, 'a');
    feed([first], 2000, 'b');
    reader.tick(10_999);
    expect(counters).toEqual(counted());
    reader.tick(11_000);
    expect(counters).toEqual(counted({ cut: 1 }));
    reader.tick(12_000);
    reader.tick(90_000);
    reader.end();
    reader.end();
    expect(counters).toEqual(counted({ cut: 2 }));
  });

  test('what was read is remembered for so long since it was last sent', () => {
    const { feed, names } = watch(openCrypto);
    for (const timeMs of [0, 9_000, 18_000, 27_999]) feed(whole(), timeMs);
    expect(names()).toEqual([NAME]);
    feed(whole(), 37_999);
    expect(names()).toEqual([NAME, NAME]);
  });

  test('an authentic packet without any of a hello counts as cut, an unauthentic one does not', () => {
    const { feed, reader, counters } = watch();
    feed([initialPacket({ dcid: DCID, frames: Uint8Array.of(1), size: 1200 })]);
    feed([initialPacket({ dcid: DCID, frames: Uint8Array.of(1), size: 1200, keys: 'server' })], 0, 'b');
    reader.tick(20_000);
    expect(counters).toEqual(counted({ cut: 1, unauthentic: 1 }));
  });
});

describe('at most 4096 flights', () => {
  test('those that were read make way first', () => {
    const { feed, names, reader, counters } = watch(openCrypto);
    const [first, second] = quicInitial({ hello: longHello(1500), dcid: DCID, keys: 'none' }) as [
      Bytes,
      Bytes,
    ];
    feed([first]);
    for (let i = 0; i < 5000; i++) feed(whole(id(i)), 1, `peer ${i}`);
    feed([second], 2);
    expect(names().at(-1)).toBe('long.example.com');
    reader.end();
    expect(counters).toEqual(counted({ hellos: 5001 }));
  });

  test('then the oldest that hold something, which counts', () => {
    const { feed, reader, counters } = watch(openCrypto);
    for (let i = 0; i < 4096; i++) feed([part(i)], i);
    expect(counters).toEqual(counted());
    for (let i = 0; i < 10; i++) feed([part(5000 + i)], 5000);
    expect(counters).toEqual(counted({ evicted: 10 }));
    reader.end();
    expect(counters).toEqual(counted({ evicted: 10, cut: 4096 }));
  });

  test('those that no key opened do not count', () => {
    const { feed, reader, counters } = watch();
    const packet = whole()[0]!;
    for (let i = 0; i < 5000; i++)
      feed([packet.map((byte, at) => (at > 5 && at < 14 ? (id(i)[at - 6] ?? 0) : byte))]);
    reader.end();
    expect(counters).toEqual(counted({ unauthentic: 5000 }));
  });
});

test('at most 8 MiB of parts: the oldest is given up, and what comes of it later costs nothing', () => {
  const { feed, reader, counters, calls } = watch(openCrypto);
  const size = 60_000;
  // Packets of such a length come only in tests; many datagrams hold as much.
  const large = (index: number): Bytes[] =>
    Array.from({ length: 4 }, (_, i) =>
      initialPacket({
        dcid: id(index),
        keys: 'none',
        frames: cryptoFrame(
          i * 15_000,
          i === 0 ? Uint8Array.of(1, 0, 255, 0, ...new Uint8Array(14_996)) : new Uint8Array(15_000),
        ),
      }),
    );
  const fits = Math.floor((8 * 1024 * 1024) / (size + 4 * 200));
  for (let i = 0; i < fits; i++) feed(large(i), i);
  expect(counters).toEqual(counted());
  feed(large(fits), fits);
  expect(counters).toEqual(counted({ evicted: 1 }));
  const before = calls();
  feed(large(0), fits);
  expect(calls()).toBe(before);
  for (let i = 0; i < 100; i++) feed(large(1000 + i), 1000);
  expect(counters).toEqual(counted({ evicted: 101 }));
  reader.end();
  expect(counters).toEqual(counted({ evicted: 101, cut: fits }));
});

test('at most 64 packets of a datagram', () => {
  const packet = (number: number, frames: Bytes) => initialPacket({ dcid: DCID, number, frames });
  const pings = Array.from({ length: 70 }, (_, i) => packet(i, Uint8Array.of(1)));
  for (const [before, expected] of [
    [63, [NAME]],
    [64, []],
  ] as const) {
    const { feed, names } = watch();
    feed([concat(...pings.slice(0, before), packet(80, cryptoFrame(0, HELLO)))]);
    expect(names()).toEqual(expected);
  }
});
