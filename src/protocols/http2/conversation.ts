import type { GrpcFacts, HttpFacts, Side, StreamConsumer } from '../../model/conversation.ts';
import { type Http2Counters, newHttp2Counters } from './counters.ts';
import { Direction } from './direction.ts';
import { type FrameEvents, FrameHandler } from './frame-handler.ts';
import { DEFAULT_MAX_FRAME } from './frames.ts';
import type { Settings } from './settings.ts';
import { Streams } from './streams.ts';

const MAX_FRAME = 2 ** 24;
const UNLIMITED = Number.POSITIVE_INFINITY;

export interface Http2Options {
  /**
   * An exchange ended, or a gRPC call (it has `http`). `timeMs` is when, `startMs` when its first byte was seen.
   */
  readonly onExchange: (facts: HttpFacts | GrpcFacts, timeMs: number, startMs: number) => void;
  /** The request of an h2c upgrade: it is answered on stream 1. */
  readonly upgraded?: { readonly request: HttpFacts; readonly startMs: number };
  /** Streams followed at a time; default 256. */
  readonly maxStreams?: number;
  /** Fields kept of a header list; default 100. */
  readonly maxHeaders?: number;
  /** Bound of a header list; default 64 KiB. */
  readonly maxHeaderListBytes?: number;
  /** Lower-case names of the header fields to keep; default all. */
  readonly headers?: ReadonlySet<string>;
  /** Bytes kept of the beginning of each body; default none. */
  readonly maxBodyBytes?: number;
  /**
   * Whoever feeds this leaves out DATA frames and nothing else where it tells an aligned gap of known length. Such gaps
   * then cost body lengths and message counts alone. Default: all gaps are losses.
   */
  readonly gapsHoldBodies?: boolean;
}

export interface Http2Conversation extends StreamConsumer {
  readonly counters: Readonly<Http2Counters>;
}

/**
 * Reads one HTTP/2 connection and reports every exchange and gRPC call as it ends. Joins at any place; what refers to
 * what was sent before is left out, never guessed. Never throws; memory is bounded by the options.
 */
export function createHttp2Conversation(options: Http2Options): Http2Conversation {
  return new Conversation(options);
}

class Conversation implements Http2Conversation {
  readonly counters = newHttp2Counters();
  readonly #streams: Streams;
  readonly #handlers: Readonly<Record<Side, FrameHandler>>;
  readonly #directions: Readonly<Record<Side, Direction>>;
  /** Something was missed or decoded already: it is too late to take the tables for new. */
  readonly #used: Record<Side, boolean> = { client: false, server: false };
  /** The preface was seen; or it was seen that this is the middle of a connection. */
  #began = false;
  #joined = false;
  /** Longest frame that each side may send, once all SETTINGS are known. */
  readonly #maxFrame: Record<Side, number> = { client: DEFAULT_MAX_FRAME, server: DEFAULT_MAX_FRAME };

  constructor(options: Http2Options) {
    const { onExchange, upgraded, headers, maxStreams = 256, maxHeaders = 100, maxBodyBytes = 0 } = options;
    const choice = { maxHeaders, ...(headers && { names: headers }) };
    this.#streams = new Streams({ maxStreams, maxBodyBytes, choice, counters: this.counters, onExchange });
    this.#handlers = { client: this.#handler('client', options), server: this.#handler('server', options) };
    this.#directions = {
      client: this.#direction('client', options),
      server: this.#direction('server', options),
    };
    if (upgraded === undefined) return;
    this.#handlers.client.begins();
    this.#handlers.server.hpack.begin();
    this.#used.server = true;
    const { method, target, authority, requestHeaders: fields } = upgraded.request;
    const head = { fields, hasPseudo: true, damaged: upgraded.request.partial, droppedFields: 0 };
    const line = { ...(method && { method }), ...(target && { target }), ...(authority && { authority }) };
    this.#streams.adopt({ ...head, ...line }, upgraded.request.requestBodyBytes, upgraded.startMs);
  }
  data(side: Side, bytes: Uint8Array, timeMs: number): void {
    this.#directions[side].data(bytes, timeMs);
  }
  gap(side: Side, length: number, aligned: boolean, timeMs: number): void {
    this.#directions[side].gap(length, aligned, timeMs);
  }
  end(timeMs: number, reset: boolean): void {
    this.#directions.client.end();
    this.#directions.server.end();
    this.#streams.end(timeMs, reset);
  }

  #handler(side: Side, { maxHeaderListBytes = 65_536 }: Http2Options): FrameHandler {
    const streams = this.#streams;
    const events: FrameEvents = {
      block: (from, info, block, timeMs) => {
        this.#used[side] = true;
        streams.block(from, info, block, timeMs);
      },
      lostBlock: (from, info) => {
        this.#used[side] = true;
        streams.lostBlock(from, info);
      },
      half: (from, streamId) => streams.half(from, streamId),
      endStream: (from, streamId, timeMs) => streams.endStream(from, streamId, timeMs),
      reset: (from, streamId, errorCode, timeMs) => streams.reset(from, streamId, errorCode, timeMs),
      goAway: (from, lastStreamId, timeMs) => streams.goAway(from, lastStreamId, timeMs),
      settings: (from, settings) => this.#settings(from, settings),
    };
    return new FrameHandler({ side, events, counters: this.counters, maxListBytes: maxHeaderListBytes });
  }
  #direction(side: Side, { gapsHoldBodies = false }: Http2Options): Direction {
    const events = {
      opening: () => this.#opening(side),
      late: (from: Side, timeMs: number) => this.#joinedLate(from, timeMs),
      lost: (from: Side, bodies: boolean, timeMs: number) => this.#lost(from, bodies, timeMs),
    };
    const { counters } = this;
    return new Direction({ side, handler: this.#handlers[side], events, counters, gapsHoldBodies });
  }
  /** The preface of the client: nothing but SETTINGS was sent before it in either direction. */
  #opening(side: Side): void {
    if (side === 'server') return;
    this.#began = true;
    for (const each of ['client', 'server'] as const) {
      if (this.#used[each]) continue;
      this.#handlers[each].begins();
      this.#handlers[each].maxFrame = this.#maxFrame[each];
    }
  }
  /** What this side sent before is missing; unless the client was seen to begin, so is what the other side sent. */
  #joinedLate(side: Side, timeMs: number): void {
    if (this.#joined) return;
    this.#lost(side, false, timeMs);
    if (this.#began) return;
    this.#joined = true;
    this.#lost(side === 'client' ? 'server' : 'client', false, timeMs);
  }
  #lost(side: Side, bodies: boolean, timeMs: number): void {
    if (!bodies) {
      this.#used[side] = true;
      // SETTINGS of this side, or acknowledgements of the other's, may have been among what is missing.
      for (const handler of Object.values(this.#handlers)) {
        handler.limits.lose();
        handler.maxFrame = UNLIMITED;
      }
    }
    this.#streams.lost(side, bodies, timeMs);
  }
  #settings(from: Side, settings: Settings | 'lost' | undefined): void {
    if (settings === undefined) {
      this.#handlers[from].limits.acknowledged();
      return;
    }
    const to = from === 'client' ? 'server' : 'client';
    const { limits } = this.#handlers[to];
    if (settings === 'lost') limits.lose();
    else limits.announced(settings.headerTableSize);
    const { maxFrameSize = 0 } = settings === 'lost' ? { maxFrameSize: MAX_FRAME } : settings;
    this.#maxFrame[to] = Math.max(this.#maxFrame[to], maxFrameSize);
    if (this.#handlers[to].maxFrame !== UNLIMITED) this.#handlers[to].maxFrame = this.#maxFrame[to];
  }
}
