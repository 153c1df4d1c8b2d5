import type { BodyHead } from '../body-head.ts';
import { type BodyReader, createBodyReader } from './body-reader.ts';
import type { Framing } from './framing.ts';
import type { Head } from './head.ts';
import { createHeadReader, type HeadReader, type HeadReaderOptions } from './head-reader.ts';

export interface MessageCounters {
  badStartLines: number;
  longHeads: number;
  skippedBytes: number;
  /** Bodies whose end was lost, by bad chunks, bad lengths or gaps. */
  lostBodies: number;
}

/** What a direction tells. */
export interface MessageSink {
  /** A message began; returns how its body ends. */
  head(head: Head, startMs: number, timeMs: number): Framing;
  /** Asked for a message with a body: what takes its first bytes. */
  body(): BodyHead | undefined;
  /** Part of the open message was seen. */
  progress(timeMs: number): void;
  /** The open message ended; `bodyBytes` is absent when not known. */
  end(bodyBytes: number | undefined, whole: boolean, timeMs: number): void;
  /** Messages may be missing, `min` at least. */
  lost(min: 0 | 1, timeMs: number): void;
}

/** Reads the messages of one direction, one after the other. */
export interface MessageReader {
  /** Returns the offset at which it was stopped; else `bytes.length`. */
  data(bytes: Uint8Array, timeMs: number): number;
  /** Reads no further than the message that is being told to the sink. */
  stop(): void;
  resume(): void;
  gap(length: number, aligned: boolean, timeMs: number): void;
  /** The direction is over. */
  end(timeMs: number): void;
}

type Options = Omit<HeadReaderOptions, 'counters'> & { readonly counters: MessageCounters };

export function createMessageReader(options: Options, sink: MessageSink): MessageReader {
  return new Reader(options, sink);
}

class Reader implements MessageReader {
  readonly #sink: MessageSink;
  readonly #counters: MessageCounters;
  readonly #heads: HeadReader;
  readonly #body: BodyReader = createBodyReader();
  #inBody = false;
  #stopped = false;

  constructor(options: Options, sink: MessageSink) {
    this.#sink = sink;
    this.#counters = options.counters;
    this.#heads = createHeadReader(options);
  }
  data(bytes: Uint8Array, timeMs: number): number {
    const end = bytes.length;
    let at = 0;
    while (at < end && !this.#stopped) {
      at = this.#inBody ? this.#readBody(bytes, at, timeMs) : this.#readHead(bytes, at, timeMs);
    }
    return at;
  }
  stop(): void {
    this.#stopped = true;
  }
  resume(): void {
    this.#stopped = false;
  }
  gap(length: number, aligned: boolean, timeMs: number): void {
    if (this.#inBody) {
      if (this.#gapInBody(length, aligned, timeMs)) return;
    } else if (this.#heads.begun) this.#gapInHead(timeMs);
    else this.#sink.lost(length > 0 && !this.#heads.seeking ? 1 : 0, timeMs);
    this.#inBody = false;
    if (aligned) this.#heads.align();
    else this.#heads.seek();
  }
  end(timeMs: number): void {
    if (this.#inBody) {
      this.#inBody = false;
      const { closes, seen } = this.#body;
      this.#sink.end(closes ? seen : undefined, closes && seen !== undefined, timeMs);
    } else if (this.#heads.begun) this.#gapInHead(timeMs);
    else if (this.#heads.seeking) this.#sink.lost(0, timeMs);
  }

  #readHead(bytes: Uint8Array, at: number, timeMs: number): number {
    const { badStartLines } = this.#counters;
    const next = this.#heads.read(bytes, at, bytes.length, timeMs);
    if (this.#counters.badStartLines !== badStartLines) this.#sink.lost(0, timeMs);
    if (this.#heads.head !== undefined) this.#begin(this.#heads.head, timeMs);
    return next;
  }
  #begin(head: Head, timeMs: number): void {
    const framing = this.#sink.head(head, this.#heads.startMs, timeMs);
    if (framing === 'unknown') this.#lose(timeMs);
    else if (framing === 0) this.#sink.end(0, true, timeMs);
    else {
      this.#body.start(framing, this.#sink.body());
      this.#inBody = true;
    }
  }
  #readBody(bytes: Uint8Array, at: number, timeMs: number): number {
    const next = this.#body.read(bytes, at, bytes.length);
    this.#sink.progress(timeMs);
    const state = this.#body.state();
    if (state === 'open') return next;
    this.#inBody = false;
    if (state === 'lost') this.#lose(timeMs);
    else this.#sink.end(this.#body.seen, true, timeMs);
    return next;
  }
  /** The end of the open message is not known, nor what came between it and the next head. */
  #lose(timeMs: number): void {
    this.#counters.lostBodies++;
    this.#heads.seek();
    this.#sink.end(undefined, false, timeMs);
    this.#sink.lost(0, timeMs);
  }
  /** True when the place in the stream is still known. */
  #gapInBody(length: number, aligned: boolean, timeMs: number): boolean {
    const behind = this.#body.skip(length);
    const open = this.#body.state() === 'open';
    if (open && (!aligned || this.#body.closes)) return true;
    if (open || behind < 0) {
      this.#lose(timeMs);
      return false;
    }
    this.#inBody = false;
    this.#sink.end(this.#body.seen, true, timeMs);
    if (behind > 0) this.#sink.lost(1, timeMs);
    return behind === 0;
  }
  /** The end of the head is lost; its start line, if it was seen, still tells of a message. */
  #gapInHead(timeMs: number): void {
    const head = this.#heads.abandon();
    if (head === undefined) this.#sink.lost(1, timeMs);
    else this.#begin(head, timeMs);
  }
}
