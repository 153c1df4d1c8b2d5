import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bytes, concat } from '../../support/packets.ts';
import {
  cryptoFrame,
  initialPacket,
  otherPacket,
  type PacketFields,
  quicInitial,
} from '../../support/quic-initial.ts';
import { records } from '../tls/hello-bytes.ts';
import { readHello } from '../tls/read-hello.ts';
import { counted, DCID, fromHex, HELLO, longHello, NAME, otherHello, watch } from './read-flight.ts';

const OTHER_ID = fromHex('c0ffee00c0ffee00');
const one = (more: Partial<PacketFields> = {}): Bytes =>
  initialPacket({ dcid: DCID, frames: cryptoFrame(0, HELLO), size: 1200, ...more });
/** The first and the second half of a hello, of one datagram each. */
const halves = (dcid: Bytes = DCID): Bytes[] =>
  [HELLO.subarray(0, 300), HELLO.subarray(300)].map((part, number) =>
    one({ dcid, number, frames: cryptoFrame(300 * number, part) }),
  );

// RFC 9001 A.2, RFC 9369 A.2: the hello, and the beginning and the tag of the packet.
const PUBLISHED = fromHex(
  '060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113' +
    '02010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d00170018001000070005' +
    '04616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce1' +
    '5d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c0002400100' +
    '3900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806' +
    '048000ffff',
);

test.each([
  [
    '1',
    'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b',
    'e221af44860018ab0856972e194cd934',
  ],
  [
    '2',
    'd76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071',
    'a18b2faa745b6fe189cf772a9f84cbfc',
  ],
] as const)('the published packet of version %s', (version, beginning, tag) => {
  const packet = one({ version, number: 2, numberBytes: 4, frames: PUBLISHED });
  const digits = Buffer.from(packet).toString('hex');
  expect(digits.slice(0, beginning.length)).toBe(beginning);
  expect(digits.slice(-32)).toBe(tag);
  const { feed, told, counters } = watch();
  feed([packet], 7);
  const tls = {
    serverName: 'example.com',
    alpn: ['alpn'],
    versions: ['1.3'],
    cipherCount: 2,
    ja4: expect.stringMatching(/^q13d0211an_62ed6f6ca7ad_[0-9a-f]{12}$/),
    encryptedHello: false,
    quicVersion: version,
  };
  expect(told).toEqual([{ tls, conversation: 'a', timeMs: 7 }]);
  expect(counters).toEqual(counted({ hellos: 1 }));
});

test('the same facts as over TCP, but for transport and version', () => {
  const { feed, told } = watch();
  feed([one()]);
  const [overTcp] = readHello([records([...HELLO])]).hellos;
  const ja4 = overTcp?.ja4.replace(/^t/, 'q');
  expect(told[0]?.tls).toEqual({ ...overTcp, ja4, quicVersion: '1' });
});

test('every length of ids, packet numbers and tokens', () => {
  for (const version of ['1', '2'] as const) {
    for (let length = 0; length <= 20; length++) {
      const dcid = new Uint8Array(length).fill(3);
      const numberBytes = ((length % 4) + 1) as 1 | 2 | 3 | 4;
      const number = [0, 255, 65_535, 0xfffffffe][length % 4]! >>> (8 * (3 - (length % 4)));
      const token = new Uint8Array(length * 20);
      const { feed, names, counters } = watch();
      feed([one({ dcid, scid: dcid, version, number, numberBytes, token, size: 1300 })]);
      expect(names()).toEqual([NAME]);
      expect(counters).toEqual(counted({ hellos: 1 }));
    }
  }
});

test('however it is split into frames, packets and datagrams, in any order, with repeats and what stands between', () => {
  const long = longHello(1500);
  const cuts = fc.array(fc.nat(long.length), { maxLength: 12 });
  const order = fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 });
  const between = fc.constantFrom([0], [1], [0, 0, 1], [2, 0, 0, 0, 0], [3, 0, 0, 0, 0, 1, 2, 3]);
  fc.assert(
    fc.property(cuts, order, between, fc.boolean(), (places, weights, filler, repeat) => {
      const bounds = [...new Set([0, ...places, long.length])].sort((a, b) => a - b);
      const frames = bounds
        .slice(0, -1)
        .map((from, i) => cryptoFrame(from, long.subarray(from, bounds[i + 1])));
      const shuffled = frames
        .concat(repeat ? frames : [])
        .map((frame, i) => ({ frame, weight: weights[i] ?? 0 }))
        .sort((a, b) => a.weight - b.weight);
      // Packets of some frames each, and some packets to a datagram.
      const packets = new Map<number, Bytes[]>();
      for (const { frame, weight } of shuffled) {
        const list = packets.get(weight >> 7) ?? [];
        packets.set(weight >> 7, [...list, frame, Uint8Array.from(filler)]);
      }
      const built = [...packets.values()].map((list, number) =>
        initialPacket({ dcid: DCID, number, frames: concat(...list), size: number % 2 === 0 ? 1200 : 0 }),
      );
      const datagrams = built.flatMap((packet, i) =>
        i % 2 === 0 ? [concat(packet, built[i + 1] ?? new Uint8Array(0))] : [],
      );
      const { feed, told, counters, reader } = watch();
      feed(datagrams, 5);
      reader.end();
      expect(told.map(({ tls }) => [tls.serverName, tls.alpn])).toEqual([['long.example.com', ['h3']]]);
      expect(counters).toEqual(counted({ hellos: 1 }));
    }),
    { numRuns: 300, seed: 20_260 },
  );
});

test('leaves the datagram as it was', () => {
  const datagram = Buffer.from(one());
  const { reader, names } = watch();
  reader.datagram('a', datagram, 0);
  expect(names()).toEqual([NAME]);
  expect(Buffer.from(one()).equals(datagram)).toBe(true);
});

test('byte by byte', () => {
  const { feed, names } = watch();
  const hello = HELLO.subarray(0);
  const frames = Array.from({ length: 200 }, (_, i) => cryptoFrame(i, hello.subarray(i, i + 1)));
  feed([
    one({ frames: concat(...frames.reverse()) }),
    one({ number: 1, frames: cryptoFrame(200, hello.subarray(200)) }),
  ]);
  expect(names()).toEqual([NAME]);
});

test('the time is that of the datagram which made it whole', () => {
  const { feed, told } = watch();
  const [first, second] = halves();
  feed([second!], 10);
  feed([first!], 20);
  expect(told.map(({ timeMs }) => timeMs)).toEqual([20]);
});

test('in one datagram with 0-RTT and Handshake packets, and whatever stands behind', () => {
  const flight = { dcid: DCID };
  const body = new Uint8Array(100).fill(0x77);
  const [first, second] = [0, 1].map((number) =>
    initialPacket({
      dcid: DCID,
      number,
      frames: cryptoFrame(300 * number, HELLO.subarray(300 * number, 300 + 400 * number)),
    }),
  );
  for (const version of ['zeroRtt', 'handshake'] as const) {
    const other = otherPacket(version, flight, body);
    const { feed, names } = watch();
    feed([concat(first!, other, second!, other, new Uint8Array(900))]);
    expect(names()).toEqual([NAME]);
  }
  // Nothing is found behind a Retry, a short header or zeros.
  for (const end of [otherPacket('retry', flight, body), Uint8Array.of(0x40, 1, 2), new Uint8Array(20)]) {
    const { feed, names, reader, counters } = watch();
    feed([concat(first!, end, second!, new Uint8Array(900))]);
    reader.end();
    expect(names()).toEqual([]);
    expect(counters).toEqual(counted({ cut: 1 }));
  }
});

test('several datagrams that were sent at once', () => {
  const { feed, names } = watch();
  feed([concat(...quicInitial({ hello: longHello(3000), dcid: DCID }))]);
  expect(names()).toEqual(['long.example.com']);
});

test('a packet under another id than the first of its datagram is ignored, as servers do', () => {
  const { feed, names, counters } = watch();
  feed([concat(one(), one({ dcid: OTHER_ID, frames: cryptoFrame(0, otherHello()) }))]);
  const others = Array.from({ length: 5 }, () => one({ dcid: OTHER_ID }));
  feed([concat(halves()[0]!, ...others, halves()[1]!)], 0, 'b');
  expect(names()).toEqual([NAME, NAME]);
  expect(counters).toEqual(counted({ hellos: 2 }));
});

describe('malformed, once', () => {
  test.each<[string, Partial<PacketFields>]>([
    ['a frame that may not be there', { frames: concat(cryptoFrame(0, HELLO), Uint8Array.of(0x1e)) }],
    ['another message', { frames: cryptoFrame(0, Uint8Array.of(2, ...HELLO.subarray(1))) }],
    [
      'a hello whose lengths do not add up',
      {
        frames: cryptoFrame(
          0,
          HELLO.map((byte, i) => (i === 38 ? 200 : byte)),
        ),
      },
    ],
    ['reserved bits', { reservedBits: 1 }],
  ])('%s', (_, packet) => {
    const { feed, names, counters, reader } = watch();
    feed([one(packet), one(packet)]);
    reader.end();
    expect(names()).toEqual([]);
    expect(counters).toEqual(counted({ malformed: 1 }));
  });

  test('too large', () => {
    const { feed, counters } = watch();
    feed([one({ frames: cryptoFrame(0, Uint8Array.of(1, 0, 255, 253)) })]);
    feed([one({ frames: cryptoFrame(65_536, Uint8Array.of(1)) })], 0, 'b');
    expect(counters).toEqual(counted({ 'too-large': 2 }));
  });
});

test('what is no first flight costs no crypto and leaves nothing', () => {
  const { feed, calls, counters } = watch();
  feed([new Uint8Array(0), new Uint8Array(1400), one().subarray(0, 1199), one().fill(0x40, 0, 1)]);
  feed([otherPacket('handshake', { dcid: DCID }, new Uint8Array(1300))]);
  expect(calls()).toBe(0);
  expect(counters).toEqual(counted());
});
