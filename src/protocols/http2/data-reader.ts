import { FLAG, type FrameHeader } from './frames.ts';
import type { Half } from './stream.ts';

/** Counts the DATA frames of one direction, and the gRPC messages in them. */
export interface DataReader {
  /** Of a stream that is not followed, `half` is undefined. */
  begin(frame: Readonly<FrameHeader>, half: Half | undefined): void;
  payload(bytes: Uint8Array, start: number, end: number): void;
  missing(length: number): void;
  finish(timeMs: number): void;
}

export function createDataReader(): DataReader {
  return new Reader();
}

class Reader implements DataReader {
  #half: Half | undefined;
  /** Data still to come, without padding. */
  #left = 0;
  #padLengthNext = false;

  begin({ length, flags }: Readonly<FrameHeader>, half: Half | undefined): void {
    this.#half = half;
    this.#padLengthNext = (flags & FLAG.padded) !== 0;
    this.#left = length;
    if (!this.#padLengthNext) this.#count(length);
  }
  payload(bytes: Uint8Array, start: number, end: number): void {
    if (this.#half === undefined) return;
    let at = start;
    if (this.#padLengthNext) this.#padLength(bytes[at++] as number);
    const stop = Math.min(end, at + this.#left);
    if (stop > at) {
      this.#half.messages?.data(bytes, at, stop);
      this.#half.body?.add(bytes, at, stop);
    }
    this.#left -= stop - at;
  }
  missing(length: number): void {
    const half = this.#half;
    if (half === undefined) return;
    half.messages?.missing(this.#padLengthNext ? Number.POSITIVE_INFINITY : Math.min(length, this.#left));
    half.body?.missing();
    if (this.#padLengthNext) half.bodyBytes = undefined;
    this.#padLengthNext = false;
    this.#left = Math.max(0, this.#left - length);
  }
  finish(timeMs: number): void {
    if (this.#half !== undefined) this.#half.lastMs = timeMs;
    this.#half = undefined;
  }

  #padLength(padding: number): void {
    this.#padLengthNext = false;
    this.#left -= 1 + padding;
    if (this.#left >= 0) this.#count(this.#left);
    else if (this.#half !== undefined) {
      this.#left = 0;
      this.#half.bodyBytes = undefined;
    }
  }
  #count(bytes: number): void {
    if (this.#half?.bodyBytes !== undefined) this.#half.bodyBytes += bytes;
  }
}
