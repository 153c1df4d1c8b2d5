import {
  areNear,
  DEFAULT_MAX_FRAME,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  isPlausibleFrame,
} from './frames.ts';

/** Finds the frames again where the place in the stream was lost. */
export interface Resync {
  /** Takes the next bytes until frames are found. Returns the offset behind those taken. */
  add(bytes: Uint8Array, start: number, end: number, timeMs: number): number;
  readonly found: boolean;
  /** The bytes from the first frame found, in the pieces they came in; begins anew. */
  release(): Piece[];
  /** What follows does not continue what was taken. */
  restart(): void;
}

/** Plausible frame headers in a row that are taken for frames. In random bytes, one is there in about 10^10 places. */
const CHAIN = 3;
/** Right behind the gap frames often begin, as pieces do: fewer are enough there, and one that holds a whole block. */
const FIRST_CHAIN = 2;
const DROP = DEFAULT_MAX_FRAME;
/** Room for a chain that begins in the part that is dropped next. */
const CAPACITY = DROP + CHAIN * (DEFAULT_MAX_FRAME + FRAME_HEADER_BYTES);
const MAX_ARRIVALS = 1024;
/** Bytes taken at a time: what lies far behind the frames found is not copied. */
const STEP = 1024;

interface Chain {
  readonly start: number;
  readonly frames: number;
  /** Of the latest of its frames that is on one; else 0. */
  readonly streamId: number;
}
interface Arrival {
  readonly start: number;
  readonly timeMs: number;
}

/** Bytes `[start, end)` that came at one time. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly timeMs: number;
}

/** `onSkipped` is told of bytes passed over. */
export function createResync(onSkipped: (bytes: number) => void): Resync {
  return new Search(onSkipped);
}

class Search implements Resync {
  readonly #onSkipped: (bytes: number) => void;
  #buffer = new Uint8Array(0);
  #used = 0;
  /** Next offset to be looked at. */
  #at = 0;
  #found = -1;
  /** By the offset at which the next frame of each would begin. */
  #chains = new Map<number, Chain>();
  /** Offset 0 is where the search began. */
  #fromStart = true;
  #arrivals: Arrival[] = [];
  readonly #frame: FrameHeader = { length: 0, type: 0, flags: 0, streamId: 0 };

  constructor(onSkipped: (bytes: number) => void) {
    this.#onSkipped = onSkipped;
  }
  get found(): boolean {
    return this.#found >= 0;
  }
  add(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
    let at = start;
    while (at < end && this.#found < 0) {
      if (this.#used === CAPACITY) this.#drop();
      const taken = Math.min(end - at, STEP, CAPACITY - this.#used);
      this.#store(bytes.subarray(at, at + taken), timeMs);
      at += taken;
      this.#search();
    }
    return at;
  }
  release(): Piece[] {
    const bytes = this.#buffer;
    const first = this.#found;
    const ends = [...this.#arrivals.slice(1).map(({ start }) => start), this.#used];
    const pieces = this.#arrivals.map(({ start, timeMs }, i) => {
      return { bytes, start: Math.max(first, start), end: ends[i] ?? 0, timeMs };
    });
    this.#onSkipped(first);
    this.#clear();
    return pieces.filter(({ start, end }) => start < end);
  }
  restart(): void {
    this.#onSkipped(this.#used);
    this.#clear();
  }

  #clear(): void {
    this.#buffer = new Uint8Array(0);
    this.#used = 0;
    this.#at = 0;
    this.#found = -1;
    this.#chains.clear();
    this.#fromStart = true;
    this.#arrivals = [];
  }
  #store(bytes: Uint8Array, timeMs: number): void {
    const needed = this.#used + bytes.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.min(CAPACITY, Math.max(2048, needed, this.#buffer.length * 2)));
      larger.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#used);
    if (this.#arrivals.length < MAX_ARRIVALS) this.#arrivals.push({ start: this.#used, timeMs });
    this.#used = needed;
  }
  #search(): void {
    for (; this.#at + FRAME_HEADER_BYTES <= this.#used && this.#found < 0; this.#at++) {
      const before = this.#chains.get(this.#at);
      if (before !== undefined) this.#chains.delete(this.#at);
      if (isPlausibleFrame(this.#buffer, this.#at, this.#frame)) this.#link(before);
    }
  }
  #link(before: Chain | undefined): void {
    const { streamId } = this.#frame;
    const goesOn = before !== undefined && areNear(before.streamId, streamId) ? before : undefined;
    const chain = {
      start: goesOn?.start ?? this.#at,
      frames: (goesOn?.frames ?? 0) + 1,
      streamId: streamId || (goesOn?.streamId ?? 0),
    };
    if (chain.frames === this.#needed(chain)) this.#found = chain.start;
    const next = this.#at + FRAME_HEADER_BYTES + this.#frame.length;
    if ((this.#chains.get(next)?.frames ?? 0) < chain.frames) this.#chains.set(next, chain);
  }
  #needed({ start, frames }: Chain): number {
    if (start > 0 || !this.#fromStart) return CHAIN;
    const { type, flags } = this.#frame;
    const isBlock = type === FRAME.headers && (flags & FLAG.endHeaders) !== 0;
    return frames === 1 && isBlock ? 1 : FIRST_CHAIN;
  }
  /** Of the part dropped here, every chain has been followed to its end. */
  #drop(): void {
    this.#onSkipped(DROP);
    this.#fromStart = false;
    this.#buffer.copyWithin(0, DROP, this.#used);
    this.#used -= DROP;
    this.#at -= DROP;
    const chains = [...this.#chains];
    this.#chains = new Map(
      chains.map(([next, chain]) => [next - DROP, { ...chain, start: chain.start - DROP }]),
    );
    const arrivals = this.#arrivals.map(({ start, timeMs }) => ({ start: start - DROP, timeMs }));
    this.#arrivals = arrivals.slice(arrivals.findLastIndex(({ start }) => start <= 0));
  }
}
