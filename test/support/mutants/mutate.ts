import type { Bytes } from '../packets.ts';
import type { Random } from '../traffic/random.ts';

const INTERESTING = [0, 1, 2, 0x0a, 0x0d, 0x20, 0x3a, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff] as const;
const MAX_CHANGES = 4;

type Change = (bytes: Bytes, random: Random, other: Bytes) => Bytes;

/** What can be wrong with bytes: one bit, one byte, a length, a part that is missing, twice there, foreign or cut off. */
const CHANGES: readonly Change[] = [
  (bytes, random) => set(bytes, random.below(bytes.length), (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => set(bytes, random.below(bytes.length), () => random.below(256)),
  (bytes, random) =>
    set(bytes, random.below(bytes.length), () => INTERESTING[random.below(INTERESTING.length)] ?? 0),
  (bytes, random) => {
    const at = random.below(bytes.length);
    const value = random.below(2) === 0 ? 0xff : 0;
    return bytes.slice().fill(value, at, at + 1 + random.below(4));
  },
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const { start, end } = part(bytes, random);
    return join(bytes.subarray(0, start), bytes.subarray(end));
  },
  (bytes, random) => {
    const { start, end } = part(bytes, random);
    return join(bytes.subarray(0, end), bytes.subarray(start));
  },
  (bytes, random, other) => {
    const { start, end } = part(other, random);
    const at = random.below(bytes.length + 1);
    return join(bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at));
  },
  (bytes, random, other) => join(bytes.subarray(0, random.below(bytes.length + 1)), other),
];

/** A copy with one to four changes; `other` lends parts. */
export function mutate(bytes: Bytes, random: Random, other: Bytes): Bytes {
  let changed = bytes;
  for (let changes = 1 + random.below(MAX_CHANGES); changes > 0; changes--) {
    const change = CHANGES[random.below(CHANGES.length)] as Change;
    changed = change(changed, random, other);
  }
  return changed;
}

function set(bytes: Bytes, at: number, to: (byte: number) => number): Bytes {
  const changed = bytes.slice();
  if (at < changed.length) changed[at] = to(changed[at] as number);
  return changed;
}

function part(bytes: Bytes, random: Random): { start: number; end: number } {
  const start = random.below(bytes.length + 1);
  return { start, end: Math.min(bytes.length, start + random.below(64)) };
}

function join(...parts: readonly Bytes[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const bytes of parts) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  return joined;
}
