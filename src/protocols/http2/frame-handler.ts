import type { Side } from '../../model/conversation.ts';
import { type BlockInfo, type BlockReader, createBlockReader, readId } from './block-reader.ts';
import type { Http2Counters } from './counters.ts';
import { createDataReader } from './data-reader.ts';
import type { FrameSink } from './frame-reader.ts';
import { copyFrameHeader, FLAG, FRAME, type FrameHeader } from './frames.ts';
import { createHpackDecoder, type HeaderBlock, type HpackDecoder } from './hpack.ts';
import { readSettings, type Settings } from './settings.ts';
import type { Half } from './stream.ts';
import { createTableLimits } from './table-limits.ts';

/** What the frames of a direction tell of the streams and of the connection. */
export interface FrameEvents {
  block(side: Side, info: BlockInfo, block: HeaderBlock, timeMs: number): void;
  /** A header block was missed; without info nothing is known of it. */
  lostBlock(side: Side, info: BlockInfo | undefined): void;
  /** Where the DATA of a stream is counted; undefined when it is not followed. */
  half(side: Side, streamId: number): Half | undefined;
  endStream(side: Side, streamId: number, timeMs: number): void;
  /** `errorCode` is undefined when it was not seen. */
  reset(side: Side, streamId: number, errorCode: number | undefined, timeMs: number): void;
  goAway(side: Side, lastStreamId: number, timeMs: number): void;
  /** Undefined for an acknowledgement, 'lost' for settings not seen whole. */
  settings(side: Side, settings: Settings | 'lost' | undefined): void;
}

/** Of a control frame, 32 settings. */
const CONTROL_BYTES = 192;

/** Handles the frames of one direction, type by type, with its HPACK state. */
export class FrameHandler implements FrameSink {
  readonly hpack: HpackDecoder;
  readonly limits = createTableLimits();
  /** Longest frame that the other side takes. */
  maxFrame = Number.POSITIVE_INFINITY;
  readonly #side: Side;
  readonly #events: FrameEvents;
  readonly #counters: Http2Counters;
  readonly #blocks: BlockReader;
  readonly #data = createDataReader();
  readonly #frame: FrameHeader = { length: 0, type: 0, flags: 0, streamId: 0 };
  readonly #control = new Uint8Array(CONTROL_BYTES);
  #controlUsed = 0;
  #controlMissing = false;

  constructor(options: {
    readonly side: Side;
    readonly events: FrameEvents;
    readonly counters: Http2Counters;
    readonly maxListBytes: number;
  }) {
    this.#side = options.side;
    this.#events = options.events;
    this.#counters = options.counters;
    this.hpack = createHpackDecoder({ maxListBytes: options.maxListBytes });
    this.#blocks = createBlockReader({
      block: (info, bytes, length, timeMs) => this.#block(info, bytes, length, timeMs),
      lostBlock: (info) => this.#lostBlock(info),
    });
  }
  /** Type of the frame that was begun last. */
  get type(): number {
    return this.#frame.type;
  }
  begin(frame: Readonly<FrameHeader>, startMs: number): boolean {
    if (frame.length > this.maxFrame || (this.#blocks.open && frame.type !== FRAME.continuation))
      return false;
    copyFrameHeader(frame, this.#frame);
    this.#controlUsed = 0;
    this.#controlMissing = false;
    if (frame.type === FRAME.data) this.#data.begin(frame, this.#events.half(this.#side, frame.streamId));
    else if (isBlock(frame.type)) this.#blocks.begin(frame, startMs);
    return true;
  }
  payload(bytes: Uint8Array, start: number, end: number): void {
    const { type } = this.#frame;
    if (type === FRAME.data) this.#data.payload(bytes, start, end);
    else if (isBlock(type)) this.#blocks.payload(bytes, start, end);
    else if (isControl(type)) this.#keep(bytes, start, end);
  }
  missing(length: number): void {
    const { type } = this.#frame;
    if (type === FRAME.data) this.#data.missing(length);
    else if (isBlock(type)) this.#blocks.missing();
    else if (this.#controlUsed < CONTROL_BYTES) this.#controlMissing = true;
  }
  finish(timeMs: number): void {
    const { type, flags, streamId } = this.#frame;
    if (type === FRAME.data) {
      this.#data.finish(timeMs);
      if ((flags & FLAG.endStream) !== 0) this.#events.endStream(this.#side, streamId, timeMs);
    } else if (isBlock(type)) this.#blocks.finish(timeMs);
    else if (type === FRAME.rstStream) this.#rstStream(streamId, timeMs);
    else if (type === FRAME.settings) this.#settings(flags);
    else if (type === FRAME.goaway && this.#controlUsed >= 8) {
      this.#events.goAway(this.#side, readId(this.#control, 0), timeMs);
    }
  }
  /** Frames are missing. */
  lose(): void {
    this.#blocks.abandon();
    this.hpack.lose();
    this.limits.lose();
  }
  /** The direction is over. */
  abandon(): void {
    this.#blocks.abandon();
  }
  /** The connection begins. */
  begins(): void {
    this.hpack.begin();
    this.limits.begin();
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    if (this.#controlMissing) return;
    const stop = Math.min(end, start + CONTROL_BYTES - this.#controlUsed);
    for (let i = start; i < stop; i++) this.#control[this.#controlUsed++] = bytes[i] as number;
  }
  #rstStream(streamId: number, timeMs: number): void {
    const [a = 0, b = 0, c = 0, d = 0] = this.#control;
    const code = this.#controlUsed < 4 ? undefined : ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    this.#events.reset(this.#side, streamId, code, timeMs);
  }
  #settings(flags: number): void {
    if ((flags & FLAG.ack) !== 0) this.#events.settings(this.#side, undefined);
    else if (this.#controlUsed < this.#frame.length) this.#events.settings(this.#side, 'lost');
    else this.#events.settings(this.#side, readSettings(this.#control, this.#controlUsed));
  }
  #block(info: BlockInfo, bytes: Uint8Array, length: number, timeMs: number): void {
    this.hpack.maxTableSize = this.limits.max;
    const block = this.hpack.decode(bytes, 0, length);
    this.#counters.unknownFields += block.unknown;
    if (block.cut) this.#counters.cutLists++;
    if (block.error !== undefined) this.#counters.badBlocks++;
    this.#events.block(this.#side, info, block, timeMs);
  }
  #lostBlock(info: BlockInfo | undefined): void {
    this.#counters.lostBlocks++;
    this.hpack.lose();
    this.#events.lostBlock(this.#side, info);
  }
}

function isBlock(type: number): boolean {
  return type === FRAME.headers || type === FRAME.continuation || type === FRAME.pushPromise;
}

function isControl(type: number): boolean {
  return type === FRAME.rstStream || type === FRAME.settings || type === FRAME.goaway;
}
