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
  test('the inside of a message may be missing, but nothing of a prefix', () => {
    const inside = createMessageCounter();
    inside.data(stream, 0, 10);
    inside.missing(7);
    inside.data(stream, 17, 30);
    inside.missing(592);
    expect(inside.count).toBe(3);
    inside.data(stream, 622, stream.length);
    expect(inside.count).toBe(4);
    const beyond = createMessageCounter();
    beyond.data(stream, 0, 10);
    beyond.missing(8);
    expect(beyond.count).toBeUndefined();
    const prefix = createMessageCounter();
    prefix.data(stream, 0, 7);
    prefix.missing(0);
    expect(prefix.count).toBe(1);
    prefix.missing(1);
    expect(prefix.count).toBeUndefined();
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
    other.missing(1);
    other.data(stream, 0, stream.length);
    expect(other.count).toBeUndefined();
  });
});
