import { describe, expect, test } from 'vitest';
import { createMessageCounter } from '../../../src/protocols/grpc/messages.ts';

const message = (length: number, flag = 0): number[] => [
  flag,
  0,
  0,
  length >> 8,
  length & 255,
  ...new Uint8Array(length),
];
const stream = Uint8Array.from([...message(0), ...message(7, 1), ...message(600), ...message(0)]);

describe('messages', () => {
  test.each([1, 2, 3, 5, 6, 100, 1000])('in pieces of %i', (longest) => {
    const counter = createMessageCounter();
    for (let at = 0; at < stream.length; at += longest) {
      counter.data(stream, at, Math.min(stream.length, at + longest));
    }
    expect(counter.count).toBe(4);
  });
  test('one that is not whole does not count', () => {
    const counter = createMessageCounter();
    counter.data(stream, 0, stream.length - 1);
    expect(counter.count).toBe(3);
  });
  test('what is none, and what is missing, make the count unknown', () => {
    const counter = createMessageCounter();
    counter.data(Uint8Array.of(2, 0, 0, 0, 0), 0, 5);
    expect(counter.count).toBeUndefined();
    const other = createMessageCounter();
    other.missing();
    other.data(stream, 0, stream.length);
    expect(other.count).toBeUndefined();
  });
});
