import { describe, expect, test } from 'vitest';
import { type Bytes, concat } from '../../support/packets.ts';
import { cryptoFrame, initialPacket, type PacketFields } from '../../support/quic-initial.ts';
import { counted, DCID, fromHex, HELLO, NAME, otherHello, watch } from './read-flight.ts';

const OTHER_ID = fromHex('c0ffee00c0ffee00');
const one = (more: Partial<PacketFields> = {}): Bytes =>
  initialPacket({ dcid: DCID, frames: cryptoFrame(0, HELLO), size: 1200, ...more });
/** The first and the second half of a hello, of one datagram each. */
const halves = (dcid: Bytes = DCID): Bytes[] =>
  [HELLO.subarray(0, 300), HELLO.subarray(300)].map((part, number) =>
    one({ dcid, number, frames: cryptoFrame(300 * number, part) }),
  );

describe('told once', () => {
  test('what is sent again costs no crypto', () => {
    const { feed, names, calls } = watch();
    feed([one()]);
    const before = calls();
    for (let i = 1; i < 20; i++) feed([one({ number: i })], i * 900);
    expect(names()).toEqual([NAME]);
    expect(calls()).toBe(before);
  });

  test('halves that are sent again in another split', () => {
    const { feed, names, reader, counters } = watch();
    feed([halves()[0]!, one({ number: 5 }), halves()[1]!]);
    reader.end();
    expect(names()).toEqual([NAME]);
    expect(counters).toEqual(counted({ hellos: 1 }));
  });

  test('behind a Retry: another id, a token, the same hello', () => {
    const { feed, names, counters, reader } = watch();
    const retried = one({ dcid: OTHER_ID, token: new Uint8Array(60).fill(1), number: 1 });
    feed([one()], 0);
    feed([retried], 50);
    feed([retried], 1000);
    reader.end();
    expect(names()).toEqual([NAME]);
    expect(counters).toEqual(counted({ hellos: 1 }));
  });

  test('behind a Retry that came before the hello was whole: nothing is missing', () => {
    for (const over of ['end', 'tick'] as const) {
      const { feed, names, counters, reader } = watch();
      feed(halves().slice(0, 1), 0);
      feed(halves(OTHER_ID), 50);
      if (over === 'end') reader.end();
      else reader.tick(10_000);
      expect(names()).toEqual([NAME]);
      expect(counters).toEqual(counted({ hellos: 1 }));
    }
  });

  test('by each conversation', () => {
    const { feed, told } = watch();
    feed([one()], 1, 'a');
    feed([one()], 2, 'b');
    expect(told.map(({ conversation, timeMs }) => [conversation, timeMs])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });
});

test('two connections of one conversation, even at the same time, are two', () => {
  const { feed, names, counters } = watch();
  const [first, second] = halves();
  const other = one({ dcid: OTHER_ID, frames: cryptoFrame(0, otherHello()) });
  feed([first!, other, second!]);
  expect(names()).toEqual([NAME, NAME]);
  expect(counters).toEqual(counted({ hellos: 2 }));
});

test('the same id in the other version is another connection', () => {
  const { feed, told } = watch();
  feed([one(), one({ version: '2', frames: cryptoFrame(0, otherHello()) })]);
  expect(told.map(({ tls }) => tls.quicVersion)).toEqual(['1', '2']);
});

describe('keys that cannot be known', () => {
  test('what a server sends, and what a client sends to the id of its server: counted once', () => {
    const { feed, counters, names, calls } = watch();
    feed([one()]);
    const before = calls();
    const later = (number: number) => initialKeysOf(number, Uint8Array.of(2, 0, 0, 0, 0));
    for (let i = 0; i < 50; i++) feed([later(i)]);
    // Five to derive keys, two for each packet.
    expect(calls() - before).toBe(5 + 2 * 50);
    feed([one({ keys: 'server', dcid: fromHex('00') })]);
    expect(names()).toEqual([NAME]);
    expect(counters).toEqual(counted({ hellos: 1, unauthentic: 2 }));
  });

  test('broken packets in front of good ones hide nothing, however many', () => {
    const { feed, names, counters } = watch();
    const broken = one().fill(0x55, 600, 604);
    feed([...Array.from({ length: 100 }, () => broken), one()]);
    expect(names()).toEqual([NAME]);
    expect(counters).toEqual(counted({ hellos: 1, unauthentic: 1 }));
  });

  test('a broken packet behind good ones is not even counted', () => {
    const { feed, names, counters } = watch();
    const [first, second] = halves();
    feed([first!, second!.slice().fill(0x55, 600, 604), second!]);
    expect(names()).toEqual([NAME]);
    expect(counters).toEqual(counted({ hellos: 1 }));
  });

  test('the published packet of a server, made as long as it takes', () => {
    const { feed, counters } = watch();
    const packet = fromHex(
      'cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3' +
        '8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84' +
        '022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee',
    );
    feed([packet]);
    expect(counters).toEqual(counted());
    feed([concat(packet, new Uint8Array(1200))]);
    expect(counters).toEqual(counted({ unauthentic: 1 }));
  });

  /** Under the id of the server, with keys of the id that the client chose first. */
  function initialKeysOf(number: number, frames: Bytes): Bytes {
    const packet = one({ number, frames });
    packet.set(OTHER_ID, 6);
    return packet;
  }
});
