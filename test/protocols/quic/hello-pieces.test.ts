import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHelloPieces } from '../../../src/protocols/quic/hello-pieces.ts';

const message = (length: number): Uint8Array =>
  Uint8Array.from({ length: 4 + length }, (_, i) =>
    i < 4 ? ([1, length >> 16, (length >> 8) & 255, length & 255][i] ?? 0) : (i * 7) & 255,
  );

test('any pieces in any order, each as often as it likes: like a table of bytes', () => {
  const piece = fc.tuple(fc.nat(310), fc.nat(60), fc.nat(255));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.nat(200), (list, length) => {
      const pieces = createHelloPieces();
      const table = new Map<number, number>();
      const head = message(length).subarray(0, 4);
      const all = [
        { from: 0, data: head },
        ...list.map(([from, size, seed]) => ({ from, data: new Uint8Array(size).fill(seed) })),
      ];
      for (const { from, data } of all) {
        pieces.add(from, data);
        for (const [i, byte] of data.entries()) if (!table.has(from + i)) table.set(from + i, byte);
      }
      const expected = Array.from({ length: 4 + length }, (_, i) => table.get(i));
      const whole = expected.includes(undefined) ? undefined : Uint8Array.from(expected as number[]);
      expect(pieces.read()).toEqual(whole);
    }),
    { numRuns: 3000, seed: 20_260 },
  );
});

test('keeps copies, and counts what they take', () => {
  const bytes = message(100);
  const pieces = createHelloPieces();
  pieces.add(50, bytes.subarray(50));
  expect(pieces.read()).toBeUndefined();
  pieces.add(0, bytes.subarray(0, 60));
  expect(pieces.bytes).toBe(104 + 2 * 200);
  pieces.add(0, bytes);
  expect(pieces.bytes).toBe(104 + 2 * 200);
  bytes.fill(0);
  expect(pieces.read()).toEqual(message(100));
});

describe('bounds', () => {
  test.each([
    ['the largest hello', 65_532, 'whole'],
    ['a byte more', 65_533, 'too-large'],
  ])('%s', (_, length, outcome) => {
    const pieces = createHelloPieces();
    const bytes = message(length);
    pieces.add(0, bytes.subarray(0, 1000));
    expect(pieces.read()).toBe(outcome === 'whole' ? undefined : outcome);
    pieces.add(1000, bytes.subarray(1000));
    expect(pieces.read()).toEqual(outcome === 'whole' ? bytes : outcome);
  });

  test('256 pieces, one more, and an offset beyond anything', () => {
    const pieces = createHelloPieces();
    for (let i = 0; i < 256; i++) pieces.add(10 + 2 * i, Uint8Array.of(i));
    expect(pieces.read()).toBeUndefined();
    pieces.add(10, Uint8Array.of(1, 2));
    expect(pieces.read()).toBe('too-large');
    const far = createHelloPieces();
    far.add(2 ** 62, new Uint8Array(0));
    expect(far.read()).toBe('too-large');
  });

  test('another message is no hello, however long it says to be', () => {
    const pieces = createHelloPieces();
    pieces.add(0, Uint8Array.of(2, 255, 255));
    expect(pieces.read()).toBeUndefined();
    pieces.add(3, Uint8Array.of(255));
    expect(pieces.read()).toBe('malformed');
  });
});
