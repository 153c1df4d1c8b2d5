import type { Side } from '../../model/conversation.ts';
import type { Http2Counters } from './counters.ts';
import type { FrameHandler } from './frame-handler.ts';
import { createFrameReader, type FrameReader } from './frame-reader.ts';
import { FRAME } from './frames.ts';
import { createOpening, type Opening } from './opening.ts';
import { createResync, type Piece, type Resync } from './resync.ts';

export interface DirectionEvents {
  /** The connection begins with what this side sends. */
  opening(side: Side): void;
  /** The connection began before. */
  late(side: Side, timeMs: number): void;
  /** Frames are missing; `bodies`: of DATA alone. */
  lost(side: Side, bodies: boolean, timeMs: number): void;
}

export interface DirectionOptions {
  readonly side: Side;
  readonly handler: FrameHandler;
  readonly events: DirectionEvents;
  readonly counters: Http2Counters;
  /** A gap that is aligned and of known length holds DATA frames only. */
  readonly gapsHoldBodies: boolean;
}

/** Keeps the place in one direction: its opening, its frames, and the search for them where it was lost. */
export class Direction {
  readonly #options: DirectionOptions;
  readonly #frames: FrameReader;
  readonly #opening: Opening;
  readonly #resync: Resync;
  #state: 'opening' | 'frames' | 'lost' = 'opening';

  constructor(options: DirectionOptions) {
    const { side, handler, counters } = options;
    this.#options = options;
    this.#frames = createFrameReader(handler);
    this.#opening = createOpening(side);
    this.#resync = createResync((bytes) => {
      counters.skippedBytes += bytes;
    });
  }
  data(bytes: Uint8Array, timeMs: number): void {
    if (this.#state === 'frames') {
      const next = this.#frames.read(bytes, 0, bytes.length, timeMs);
      if (next === bytes.length) return;
      this.#misread(timeMs);
      this.#work({ bytes, start: next, end: bytes.length, timeMs });
    } else this.#work({ bytes, start: 0, end: bytes.length, timeMs });
  }
  gap(length: number, aligned: boolean, timeMs: number): void {
    const inFrames = this.#state === 'frames' && length > 0;
    const { left } = this.#frames;
    if (inFrames && (aligned ? length === left : length <= left)) this.#frames.skip(length, timeMs);
    else if (inFrames && aligned && this.#isBodyGap(length)) this.#passBodies(timeMs);
    else {
      this.#lose(timeMs);
      if (aligned) this.#state = 'frames';
    }
  }
  end(): void {
    this.#options.handler.abandon();
    this.#resync.restart();
  }

  #work(first: Piece): void {
    const work: Piece[] = [first];
    for (let piece = work.pop(); piece !== undefined; piece = work.pop()) {
      const next = this.#read(piece);
      if (next < piece.end) work.push({ ...piece, start: next });
      if (this.#resync.found) {
        this.#state = 'frames';
        work.push(...this.#resync.release().reverse());
      }
    }
  }
  /** Returns the offset behind what was read. */
  #read(piece: Piece): number {
    const { bytes, start, end, timeMs } = piece;
    if (this.#state === 'frames') return this.#readFrames(piece);
    if (this.#state === 'lost') return this.#resync.add(bytes, start, end, timeMs);
    const next = this.#opening.add(bytes, start, end);
    const { state, rest } = this.#opening;
    if (state !== 'open') this.#decide(state, rest, timeMs);
    return next;
  }
  #decide(state: 'is' | 'is not', rest: Uint8Array, timeMs: number): void {
    const { side, events } = this.#options;
    this.#state = state === 'is' ? 'frames' : 'lost';
    if (state === 'is') {
      events.opening(side);
      this.#frames.read(rest, 0, rest.length, timeMs);
    } else {
      events.late(side, timeMs);
      this.#resync.add(rest, 0, rest.length, timeMs);
    }
  }
  #readFrames({ bytes, start, end, timeMs }: Piece): number {
    const next = this.#frames.read(bytes, start, end, timeMs);
    if (next < end) this.#misread(timeMs);
    return next;
  }
  #misread(timeMs: number): void {
    this.#options.counters.badFrames++;
    this.#lose(timeMs);
  }
  /** Between frames, or from inside a DATA frame to behind its end. */
  #isBodyGap(length: number): boolean {
    const { left } = this.#frames;
    const inside = left > 0 && left < length && this.#options.handler.type === FRAME.data;
    return this.#options.gapsHoldBodies && (left === 0 || inside);
  }
  #passBodies(timeMs: number): void {
    const { left } = this.#frames;
    if (left > 0) this.#frames.skip(left, timeMs);
    this.#options.events.lost(this.#options.side, true, timeMs);
  }
  #lose(timeMs: number): void {
    const { side, handler, events, counters } = this.#options;
    counters.losses++;
    handler.lose();
    this.#frames.restart();
    this.#resync.restart();
    this.#state = 'lost';
    events.lost(side, false, timeMs);
  }
}
