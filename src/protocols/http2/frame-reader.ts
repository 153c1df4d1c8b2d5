import { FRAME_HEADER_BYTES, type FrameHeader, isLegalFrame, readFrameHeader } from './frames.ts';

/** What one direction tells, frame by frame. */
export interface FrameSink {
  /** A frame began; false when it cannot be one, and the place in the stream is lost. */
  begin(frame: Readonly<FrameHeader>, startMs: number): boolean;
  /** The next bytes `[start, end)` of its payload. */
  payload(bytes: Uint8Array, start: number, end: number): void;
  /** The next `length` bytes of its payload were not seen. */
  missing(length: number): void;
  finish(timeMs: number): void;
}

/** Cuts one direction into frames, wherever the pieces begin and end. It starts at the beginning of a frame. */
export interface FrameReader {
  /** Returns the offset at which the place in the stream was lost; else `end`. */
  read(bytes: Uint8Array, start: number, end: number, timeMs: number): number;
  /** Bytes of the payload being read that are still to come; 0 between frames, -1 inside a frame header. */
  readonly left: number;
  /** Passes over bytes of the payload that were not seen, `left` at most. */
  skip(length: number, timeMs: number): void;
  /** Forgets a frame that has begun. */
  restart(): void;
}

export function createFrameReader(sink: FrameSink): FrameReader {
  return new Reader(sink);
}

class Reader implements FrameReader {
  readonly #sink: FrameSink;
  readonly #frame: FrameHeader = { length: 0, type: 0, flags: 0, streamId: 0 };
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerUsed = 0;
  #startMs = 0;
  /** Of the payload; -1 between frames. */
  #left = -1;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }
  restart(): void {
    this.#headerUsed = 0;
    this.#left = -1;
  }
  read(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
    let at = start;
    while (at < end) {
      if (this.#left >= 0) at = this.#payload(bytes, at, end, timeMs);
      else if (this.#headerUsed === 0 && end - at >= FRAME_HEADER_BYTES) {
        this.#startMs = timeMs;
        if (!this.#begin(bytes, at, timeMs)) return at;
        at += FRAME_HEADER_BYTES;
      } else {
        const next = this.#headerBytes(bytes, at, end, timeMs);
        if (this.#headerUsed === FRAME_HEADER_BYTES && !this.#begin(this.#header, 0, timeMs)) return at;
        at = next;
      }
    }
    return at;
  }
  get left(): number {
    if (this.#left > 0) return this.#left;
    return this.#headerUsed === 0 ? 0 : -1;
  }
  skip(length: number, timeMs: number): void {
    this.#left -= length;
    this.#sink.missing(length);
    this.#finishIfDone(timeMs);
  }

  #headerBytes(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
    if (this.#headerUsed === 0) this.#startMs = timeMs;
    const stop = Math.min(end, start + FRAME_HEADER_BYTES - this.#headerUsed);
    for (let i = start; i < stop; i++) this.#header[this.#headerUsed++] = bytes[i] as number;
    return stop;
  }
  #begin(bytes: Uint8Array, at: number, timeMs: number): boolean {
    this.#headerUsed = 0;
    readFrameHeader(bytes, at, this.#frame);
    if (!isLegalFrame(this.#frame) || !this.#sink.begin(this.#frame, this.#startMs)) return false;
    this.#left = this.#frame.length;
    this.#finishIfDone(timeMs);
    return true;
  }
  #payload(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
    const stop = Math.min(end, start + this.#left);
    this.#left -= stop - start;
    this.#sink.payload(bytes, start, stop);
    this.#finishIfDone(timeMs);
    return stop;
  }
  #finishIfDone(timeMs: number): void {
    if (this.#left !== 0) return;
    this.#left = -1;
    this.#sink.finish(timeMs);
  }
}
