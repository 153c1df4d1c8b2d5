import { describe, expect, test } from 'vitest';
import { isQuicInitial, readLongPacket } from '../../../src/protocols/quic/initial.ts';
import { type Bytes, concat } from '../../support/packets.ts';
import { initialPacket, otherPacket, type QuicVersion, quicInitial } from '../../support/quic-initial.ts';
import { DCID, HELLO } from './read-flight.ts';

const first = (version: QuicVersion): Bytes => quicInitial({ hello: HELLO, dcid: DCID, version })[0]!;
const padded = (bytes: Bytes, size = 1200): Bytes => concat(bytes, new Uint8Array(size)).subarray(0, size);
const body = new Uint8Array(40).fill(0x55);
const whole = (bytes: Bytes) => isQuicInitial(bytes, 0, bytes.length);

describe('looks like a first flight', () => {
  test.each<[string, Bytes]>([
    ['version 1', first('1')],
    ['version 2', first('2')],
    ['several at once', concat(first('1'), first('1'))],
    ['nothing but the head of one', padded(Uint8Array.of(0xcf, 0, 0, 0, 1))],
  ])('%s', (_, bytes) => {
    expect(whole(bytes)).toBe(true);
    const inside = concat(body, bytes, body);
    expect(isQuicInitial(inside, body.length, body.length + bytes.length)).toBe(true);
  });

  const change = (at: number, value: number): Bytes => first('1').map((byte, i) => (i === at ? value : byte));
  test.each<[string, Bytes]>([
    ['nothing', new Uint8Array(0)],
    ['zeros', new Uint8Array(1500)],
    ['a byte less', first('1').subarray(0, 1199)],
    ['a short header', change(0, 0x40)],
    ['no fixed bit', change(0, 0x80)],
    ['0-RTT first', padded(otherPacket('zeroRtt', { dcid: DCID }, body))],
    ['Handshake first', padded(otherPacket('handshake', { dcid: DCID }, body))],
    ['Retry', padded(otherPacket('retry', { dcid: DCID }, body))],
    ['0-RTT first, version 2', padded(otherPacket('zeroRtt', { dcid: DCID, version: '2' }, body))],
    ['Retry, version 2', padded(otherPacket('retry', { dcid: DCID, version: '2' }, body))],
    ['Version Negotiation', padded(Uint8Array.of(0xc0, 0, 0, 0, 0))],
    ['a draft', padded(Uint8Array.of(0xc0, 0xff, 0, 0, 29))],
    ['version 2 with the type of version 1', padded(Uint8Array.of(0xc0, 0x6b, 0x33, 0x43, 0xcf))],
    ['version 1 with the type of version 2', padded(Uint8Array.of(0xd0, 0, 0, 0, 1))],
  ])('not: %s', (_, bytes) => {
    expect(whole(bytes)).toBe(false);
  });
});

describe.each(['1', '2'] as const)('packets of version %s', (version) => {
  const dcid = Uint8Array.of(1, 2, 3);
  const scid = new Uint8Array(20);
  const flight = { dcid, scid, version };

  test('Initial, with a token', () => {
    const token = new Uint8Array(100).fill(1);
    const packet = initialPacket({ ...flight, token, frames: body, size: 300 });
    const numberAt = 1 + 4 + 1 + 3 + 1 + 20 + 2 + 100 + 2;
    const expected = { version, isInitial: true, at: 0, idAt: 6, idEnd: 9, numberAt, end: 300 };
    expect(readLongPacket(packet, 0)).toEqual(expected);
    const behind = readLongPacket(concat(body, packet), body.length);
    expect(behind).toMatchObject({ at: 40, idAt: 46, end: 340 });
    for (let end = 0; end < 300; end++) expect(readLongPacket(packet.subarray(0, end), 0)).toBeUndefined();
  });

  test.each(['zeroRtt', 'handshake'] as const)('%s', (type) => {
    const packet = concat(otherPacket(type, flight, body), body);
    expect(readLongPacket(packet, 0)).toMatchObject({ isInitial: false, end: packet.length - body.length });
  });

  test('Retry has no length: what follows cannot be found', () => {
    expect(readLongPacket(padded(otherPacket('retry', flight, body)), 0)).toBeUndefined();
  });

  test('ids of more than 20 bytes are none', () => {
    for (const ids of [{ dcid: new Uint8Array(21) }, { dcid, scid: new Uint8Array(21) }]) {
      expect(readLongPacket(initialPacket({ ...ids, version, frames: body }), 0)).toBeUndefined();
    }
  });
});
