import { FLAG, FRAME, type FrameHeader } from './frames.ts';

/** A header block: of a request, a response, trailers, or of a promised request. */
export interface BlockInfo {
  readonly streamId: number;
  /** Stream that is promised; 0 in HEADERS. */
  promisedId: number;
  readonly endStream: boolean;
  readonly startMs: number;
}

export interface BlockSink {
  /** The whole block is `[0, length)` of `bytes`, valid during the call. */
  block(info: BlockInfo, bytes: Uint8Array, length: number, timeMs: number): void;
  /** Part of a block was missed, or it breaks the rules or its bound; without info nothing is known of it. */
  lostBlock(info: BlockInfo | undefined): void;
}

/** Puts header blocks together from HEADERS or PUSH_PROMISE and the CONTINUATION frames behind. */
export interface BlockReader {
  /** A block has begun and goes on in the next frame. */
  readonly open: boolean;
  begin(frame: Readonly<FrameHeader>, startMs: number): void;
  payload(bytes: Uint8Array, start: number, end: number): void;
  missing(): void;
  finish(timeMs: number): void;
  /** What has begun will not go on. */
  abandon(): void;
}

/** Of a block as it is sent, with padding. */
const MAX_BLOCK = 65_536;
const KEPT_BUFFER = 4096;

export function createBlockReader(sink: BlockSink): BlockReader {
  return new Reader(sink);
}

class Reader implements BlockReader {
  readonly #sink: BlockSink;
  #buffer = new Uint8Array(0);
  #used = 0;
  /** Where the payload of the frame being read begins. */
  #frameStart = 0;
  #type = 0;
  #flags = 0;
  #info: BlockInfo | undefined;
  #broken = false;

  constructor(sink: BlockSink) {
    this.#sink = sink;
  }
  get open(): boolean {
    return this.#info !== undefined;
  }
  begin({ type, flags, streamId }: Readonly<FrameHeader>, startMs: number): void {
    this.#type = type;
    this.#flags = flags;
    if (type !== FRAME.continuation) {
      const endStream = type === FRAME.headers && (flags & FLAG.endStream) !== 0;
      this.#info = { streamId, promisedId: 0, endStream, startMs };
      this.#used = 0;
      this.#broken = false;
    } else if (this.#info?.streamId !== streamId) {
      this.#info = undefined;
      this.#broken = true;
    }
    this.#frameStart = this.#used;
  }
  payload(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#used + end - start;
    if (needed > MAX_BLOCK) this.#broken = true;
    if (this.#broken) return;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#buffer.set(bytes.subarray(start, end), this.#used);
    this.#used = needed;
  }
  missing(): void {
    this.#broken = true;
  }
  finish(timeMs: number): void {
    if (!this.#broken && !this.#strip()) this.#broken = true;
    if ((this.#flags & FLAG.endHeaders) !== 0 || this.#info === undefined) this.#complete(timeMs);
  }
  abandon(): void {
    const info = this.#info;
    this.#info = undefined;
    if (info !== undefined) this.#sink.lostBlock(info);
  }

  #complete(timeMs: number): void {
    const info = this.#info;
    this.#info = undefined;
    if (this.#broken || info === undefined) this.#sink.lostBlock(info);
    else this.#sink.block(info, this.#buffer, this.#used, timeMs);
    this.#used = 0;
    if (this.#buffer.length > KEPT_BUFFER) this.#buffer = new Uint8Array(0);
  }
  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(256, needed, Math.min(MAX_BLOCK, this.#buffer.length * 2)));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }
  /** Takes padding, priority and the promised id out of the frame's payload; false when they do not fit. */
  #strip(): boolean {
    if (this.#type === FRAME.continuation) return true;
    const buffer = this.#buffer;
    let start = this.#frameStart;
    let end = this.#used;
    if ((this.#flags & FLAG.padded) !== 0) end -= buffer[start++] ?? 0;
    if (this.#type === FRAME.pushPromise) {
      if (this.#info !== undefined) this.#info.promisedId = readId(buffer, start);
      start += 4;
    } else if ((this.#flags & FLAG.priority) !== 0) start += 5;
    if (start > end) return false;
    buffer.copyWithin(this.#frameStart, start, end);
    this.#used = this.#frameStart + end - start;
    return true;
  }
}

/** A stream id without its reserved bit; bytes that are not there count as 0. */
export function readId(bytes: Uint8Array, at: number): number {
  const byte = (i: number): number => bytes[at + i] ?? 0;
  return ((byte(0) & 0x7f) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3);
}
