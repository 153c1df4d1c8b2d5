import type { Side, StreamConsumer } from '../../../src/model/conversation.ts';

/** Bytes of one direction at one time; `lost` bytes are told as a gap. */
export interface Piece {
  readonly side: Side;
  readonly bytes: Uint8Array;
  readonly timeMs: number;
  readonly lost?: boolean;
}

export const latin = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
export const client = (text: string, timeMs = 0): Piece => ({ side: 'client', bytes: latin(text), timeMs });
export const server = (text: string, timeMs = 0): Piece => ({ side: 'server', bytes: latin(text), timeMs });

/** Random numbers in [0, n) that are the same for the same seed. */
export function dice(seed: number): (n: number) => number {
  let state = seed | 0;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

/** Cuts every piece into smaller ones, of `longest` bytes at most. */
export function cut(pieces: readonly Piece[], roll: (n: number) => number, longest: number): Piece[] {
  return pieces.flatMap((piece) => {
    const parts: Piece[] = [];
    for (let at = 0; at < piece.bytes.length; ) {
      const length = 1 + roll(longest);
      parts.push({ ...piece, bytes: piece.bytes.slice(at, at + length) });
      at += length;
    }
    return parts;
  });
}

/** Feeds the pieces. The bytes are overwritten afterwards, as a caller that reuses its buffer would. */
export function feed(to: StreamConsumer, pieces: readonly Piece[]): void {
  for (const { side, bytes, timeMs, lost } of pieces) {
    if (lost === true) {
      to.gap(side, bytes.length, false, timeMs);
      continue;
    }
    const reused = bytes.slice();
    to.data(side, reused, timeMs);
    reused.fill(0x58);
  }
}

/** Changes, cuts off, repeats or drops bytes here and there. */
export function mutate(pieces: readonly Piece[], roll: (n: number) => number): Piece[] {
  const changed = pieces.map((piece) => ({ ...piece, bytes: piece.bytes.slice() }));
  for (let i = 1 + roll(4); i > 0 && changed.length > 0; i--) {
    const at = roll(changed.length);
    const piece = changed[at];
    if (piece === undefined || piece.bytes.length === 0) continue;
    const where = roll(piece.bytes.length);
    const what = roll(6);
    if (what === 0) changed.splice(at, 1);
    else if (what === 1) changed[at] = { ...piece, lost: true };
    else if (what === 2) changed[at] = { ...piece, bytes: piece.bytes.slice(0, where) };
    else if (what === 3) changed.splice(at, 0, piece);
    else if (what === 4) piece.bytes[where] = roll(256);
    else piece.bytes[where] = (piece.bytes[where] ?? 0) ^ (1 << roll(8));
  }
  return changed;
}
