import type { Side, StreamConsumer } from '../../model/conversation.ts';
import { PIECE } from '../layout.gen.ts';
import type { PayloadView } from '../payload-view.ts';
import type { StreamCounters } from './stream-counters.ts';

/** Bytes, and pieces, that wait for those missing before them, per direction; at either bound they wait no longer. */
const MAX_EARLY_BYTES = 512 * 1024;
const MAX_EARLY_PIECES = 256;

/** a - b of TCP sequence numbers. */
function ahead(a: number, b: number): number {
  return (a - b) | 0;
}

interface Early {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/**
 * One direction of a live stream: puts the pieces that the kernel side shipped in order, tells what it left out as gaps,
 * and what was lost as losses.
 */
export class Direction {
  readonly #side: Side;
  readonly #consumer: StreamConsumer;
  readonly #counters: StreamCounters;
  /** Sequence number of the next byte, as a signed number, which needs no object of its own; undefined until the first piece. */
  #next: number | undefined;
  #ordinal = 0;
  #early: Early[] = [];
  #earlyBytes = 0;
  #earlySinceMs = 0;
  /** Pieces begin at frames (HTTP/2). */
  #framed = false;

  constructor(side: Side, consumer: StreamConsumer, counters: StreamCounters) {
    this.#side = side;
    this.#consumer = consumer;
    this.#counters = counters;
  }

  piece(piece: PayloadView): void {
    const { flags, seq, timeMs } = piece;
    const lost = piece.ordinal - this.#ordinal;
    this.#ordinal = piece.ordinal + 1;
    this.#next ??= seq | 0;
    if (lost > 0) this.#lose(lost, seq, (flags & PIECE.ALIGNED) !== 0, timeMs);
    if (flags & PIECE.UNORDERED) this.#unordered(seq, piece.bytes(), timeMs);
    else this.#ordered(piece, timeMs);
  }

  /** Bytes in front of everything so far; only before the first piece. */
  prepend(seq: number, bytes: Uint8Array, timeMs: number): void {
    this.#next ??= seq | 0;
    this.#take(seq, bytes, timeMs);
  }

  /** Gives up what is missing before bytes that have waited since before `sinceMs`. */
  sweep(sinceMs: number, nowMs: number): void {
    if (this.#early.length > 0 && this.#earlySinceMs < sinceMs) this.#giveUp(nowMs);
  }

  /** The direction is over; `seen`: behind its last byte. */
  end(seen: number | undefined, timeMs: number): void {
    if (this.#early.length > 0) this.#giveUp(timeMs);
    // Behind the last frame that was shipped nothing of content is left, but perhaps a window update.
    if (seen === undefined || this.#framed) return;
    if (this.#next === undefined) {
      // It spoke, and none of its pieces came.
      this.#consumer.gap(this.#side, 0, false, timeMs);
      return;
    }
    const rest = ahead(seen, this.#next);
    if (rest > 0) this.#consumer.gap(this.#side, rest, false, timeMs);
  }

  #lose(pieces: number, seq: number, aligned: boolean, timeMs: number): void {
    this.#counters.lostPieces += pieces;
    if (this.#early.length > 0) this.#giveUp(timeMs);
    this.#consumer.gap(this.#side, 0, aligned, timeMs);
    if (this.#next === undefined || ahead(seq, this.#next) > 0) this.#next = seq | 0;
  }

  #ordered(piece: PayloadView, timeMs: number): void {
    const { flags, seq } = piece;
    const aligned = (flags & PIECE.ALIGNED) !== 0;
    if (aligned) this.#framed = true;
    if (this.#early.length > 0) this.#giveUp(timeMs);
    const left = ahead(seq, this.#next ?? seq);
    if (left > 0) {
      if (!aligned || !(flags & PIECE.QUIET)) this.#consumer.gap(this.#side, left, aligned, timeMs);
      this.#next = seq | 0;
    }
    this.#take(seq, piece.bytes(), timeMs);
    const { passed } = piece;
    if (passed === 0 || !(flags & PIECE.COMPLETE)) return;
    this.#consumer.gap(this.#side, passed, aligned, timeMs);
    this.#next = ((this.#next ?? seq) + passed) | 0;
  }

  /** Whatever of these bytes is new; they do not lie ahead. */
  #take(seq: number, bytes: Uint8Array, timeMs: number): void {
    const known = ahead(this.#next ?? seq, seq);
    if (known >= bytes.length) {
      this.#counters.repeatedBytes += bytes.length;
      return;
    }
    this.#counters.repeatedBytes += known;
    this.#consumer.data(this.#side, known === 0 ? bytes : bytes.subarray(known), timeMs);
    this.#next = (seq + bytes.length) | 0;
  }

  #unordered(seq: number, bytes: Uint8Array, timeMs: number): void {
    if (ahead(seq, this.#next ?? seq) > 0) this.#keep(seq, bytes, timeMs);
    else {
      this.#take(seq, bytes, timeMs);
      this.#catchUp(timeMs);
    }
  }

  #keep(seq: number, bytes: Uint8Array, timeMs: number): void {
    if (this.#early.length === 0) this.#earlySinceMs = timeMs;
    let at = this.#early.length;
    while (at > 0 && ahead((this.#early[at - 1] as Early).seq, seq) > 0) at--;
    this.#early.splice(at, 0, { seq, bytes: bytes.slice() });
    this.#earlyBytes += bytes.length;
    this.#counters.earlyPieces++;
    if (this.#earlyBytes > MAX_EARLY_BYTES || this.#early.length > MAX_EARLY_PIECES) this.#giveUp(timeMs);
  }

  /** Takes what has waited and lies ahead no longer. */
  #catchUp(timeMs: number): void {
    let taken = 0;
    for (const { seq, bytes } of this.#early) {
      if (ahead(seq, this.#next ?? seq) > 0) break;
      this.#take(seq, bytes, timeMs);
      this.#earlyBytes -= bytes.length;
      taken++;
    }
    if (taken > 0) this.#early = this.#early.slice(taken);
  }

  /** What is missing will not come: goes on behind it. */
  #giveUp(timeMs: number): void {
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    for (const { seq, bytes } of early) {
      const missing = ahead(seq, this.#next ?? seq);
      if (missing > 0) {
        this.#counters.holes++;
        this.#consumer.gap(this.#side, missing, false, timeMs);
        this.#next = seq | 0;
      }
      this.#take(seq, bytes, timeMs);
    }
  }
}
