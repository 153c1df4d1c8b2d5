import { ahead, type Half, NO_PIECES, type Piece, plus } from './half.ts';

/** Captured bytes of a segment: `bytes[at, end)` begin at sequence number `seq`. */
export interface Segment {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly seq: number;
}

export interface Stored {
  /** Bytes that were not there before. */
  readonly added: number;
  /** The segment has other bytes than an earlier one at the same place. */
  readonly conflict: boolean;
}

/** Keeps what no earlier piece covers: the first that came is believed. */
export function storePieces(half: Half, segment: Segment, keepBytes: boolean): Stored {
  if (half.pieces === NO_PIECES) half.pieces = [];
  const { pieces } = half;
  const stop = plus(segment.seq, segment.end - segment.at);
  let index = firstBehind(pieces, segment.seq);
  let from = segment.seq;
  let added = 0;
  let conflict = false;
  while (ahead(stop, from) > 0) {
    const next = pieces[index];
    const to = next !== undefined && ahead(next.start, stop) < 0 ? next.start : stop;
    if (ahead(to, from) > 0) {
      const piece = cut(segment, { from, to, keepBytes });
      pieces.splice(index++, 0, piece);
      added += piece.length;
      from = to;
      continue;
    }
    if (next === undefined) break;
    conflict ||= differs(next, segment);
    const nextEnd = plus(next.start, next.length);
    if (ahead(nextEnd, from) > 0) from = nextEnd;
    index++;
  }
  if (keepBytes) half.buffered += added;
  return { added, conflict };
}

/** Index of the first piece that ends behind a place. Most segments belong at the end. */
function firstBehind(pieces: readonly Piece[], seq: number): number {
  let index = pieces.length;
  while (index > 0) {
    const { start, length } = pieces[index - 1] as Piece;
    if (ahead(plus(start, length), seq) <= 0) break;
    index--;
  }
  return index;
}

function cut(
  segment: Segment,
  { from, to, keepBytes }: { from: number; to: number; keepBytes: boolean },
): Piece {
  const length = ahead(to, from);
  const at = segment.at + ahead(from, segment.seq);
  return { start: from, length, bytes: keepBytes ? segment.bytes.slice(at, at + length) : undefined };
}

function differs({ start, bytes }: Piece, segment: Segment): boolean {
  if (bytes === undefined) return false;
  const shift = ahead(start, segment.seq);
  const from = Math.max(0, -shift);
  const to = Math.min(bytes.length, segment.end - segment.at - shift);
  for (let i = from; i < to; i++) if (bytes[i] !== segment.bytes[segment.at + shift + i]) return true;
  return false;
}
