import { expect, test } from 'vitest';
import { readFrames } from '../../../src/protocols/quic/frames.ts';
import { type Bytes, concat } from '../../support/packets.ts';
import { cryptoFrame, varint } from '../../support/quic-initial.ts';

const taken = (...frames: readonly (readonly number[] | Bytes)[]) => {
  const list: [number, number[]][] = [];
  const all = concat(...frames.map((frame) => Uint8Array.from(frame)));
  const ok = readFrames(all, (offset, data) => list.push([offset, [...data]]));
  return ok ? list : undefined;
};
const CRYPTO = cryptoFrame(70, Uint8Array.of(1, 2, 3));
const FOUND = [[70, [1, 2, 3]]];
const ack = (type: number, ranges: number, more: number): number[] => [
  type,
  0x40,
  100,
  5,
  ...varint(ranges),
  ...new Uint8Array(1 + 2 * ranges + more),
];

test.each<[string, readonly number[]]>([
  ['PADDING', [0, 0, 0]],
  ['PING', [1]],
  ['ACK', ack(2, 0, 0)],
  ['ACK of ranges', ack(2, 70, 0)],
  ['ACK with ECN counts', ack(3, 2, 3)],
  ['CONNECTION_CLOSE', [0x1c, 1, 6, 3, 97, 98, 99]],
])('%s is passed over', (_, frame) => {
  expect(taken(frame, CRYPTO)).toEqual(FOUND);
  expect(taken(CRYPTO, frame)).toEqual(FOUND);
  expect(taken(frame)).toEqual([]);
});

test('CRYPTO frames, in the order in which they stand', () => {
  const far = concat(Uint8Array.of(6), varint(2 ** 40), varint(1, 8), Uint8Array.of(9));
  expect(taken(CRYPTO, [0], far, cryptoFrame(5, new Uint8Array(0)))).toEqual([
    ...FOUND,
    [2 ** 40, [9]],
    [5, []],
  ]);
});

test.each<[string, readonly number[] | Bytes]>([
  ['no frame at all', []],
  ['RESET_STREAM', [4, 0, 0, 0]],
  ['NEW_TOKEN', [7, 1, 0]],
  ['STREAM', [8, 0, 0]],
  ['CONNECTION_CLOSE of the application', [0x1d, 0, 0]],
  ['HANDSHAKE_DONE', [0x1e]],
  ['a type in two octets', [0x40, 6, 0, 0]],
  ['CRYPTO that runs out', CRYPTO.subarray(0, CRYPTO.length - 1)],
  ['CRYPTO without a length', [6, 0]],
  ['CRYPTO longer than anything', [6, 0, 0xff, 255, 255, 255, 255, 255, 255, 255]],
  ['ACK that runs out', ack(2, 3, 0).slice(0, -1)],
  ['ACK of endless ranges', [2, 0, 0, 0xff, 255, 255, 255, 255, 255, 255, 255, 0, 0]],
  ['ACK without its ECN counts', ack(3, 0, 2)],
  ['a reason that runs out', [0x1c, 1, 6, 3, 97, 98]],
])('refused: %s', (_, frame) => {
  expect(taken(frame)).toBeUndefined();
});
