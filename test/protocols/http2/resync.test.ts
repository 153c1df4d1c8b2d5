import { describe, expect, test } from 'vitest';
import { createResync } from '../../../src/protocols/http2/resync.ts';
import { dice } from '../http1/stream-pieces.ts';
import { data, endHeaders, headers, join, request, settingsAck } from './frame-builder.ts';

const noise = (length: number, seed = 1): Uint8Array => {
  const roll = dice(seed);
  return Uint8Array.from({ length }, () => roll(256));
};
const frames = join(headers(9, request('/a')), data(9, 300), data(9, 20), settingsAck());

/** Feeds `bytes` in pieces, each a millisecond later; what was found, with the times, and what was passed over. */
function search(bytes: Uint8Array, longest: number) {
  let skipped = 0;
  const resync = createResync((count) => {
    skipped += count;
  });
  let timeMs = 0;
  for (let at = 0; at < bytes.length; at += longest) {
    const piece = bytes.subarray(at, at + longest);
    const next = resync.add(piece, 0, piece.length, timeMs++);
    if (!resync.found) continue;
    const released = resync.release();
    const found = released.map((each) => each.bytes.subarray(each.start, each.end));
    const rest = bytes.subarray(at + next);
    return { skipped, found: join(...found, rest), times: released.map((each) => each.timeMs) };
  }
  resync.restart();
  return { skipped, found: undefined, times: [] };
}

describe('the search for frames', () => {
  test.each([1, 3, 64, 100_000])('behind noise, in pieces of %i', (longest) => {
    const { skipped, found } = search(join(noise(5000), frames), longest);
    expect(skipped).toBe(5000);
    expect(found).toEqual(frames);
  });
  test('behind more noise than is kept', () => {
    const { skipped, found } = search(join(noise(200_000), frames), 1448);
    expect(skipped).toBe(200_000);
    expect(found).toEqual(frames);
  });
  test('bytes keep the times they came at', () => {
    const { times } = search(join(noise(64), frames), 64);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBe(1);
  });
  test.each([
    ['one whole header block', headers(9, request('/a'), endHeaders), true],
    ['DATA and the next header', join(data(9, 40), data(9, 1)), true],
    ['DATA alone', data(9, 40), false],
    ['frames of streams far apart', join(data(9, 40), data(900_001, 1)), false],
  ])('right behind the gap: %s', (_, bytes, isFound) => {
    expect(search(bytes, 10_000).found !== undefined).toBe(isFound);
  });
  test('two frames elsewhere are not enough', () => {
    expect(search(join(noise(100), data(9, 40), data(9, 1)), 10_000).found).toBeUndefined();
    expect(search(join(noise(100), data(9, 40), data(9, 1), data(9, 1)), 10_000).found).toBeDefined();
  });
});
