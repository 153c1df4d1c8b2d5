import type { GrpcFacts, HttpFacts, Side } from '../../model/conversation.ts';
import type { BlockInfo } from './block-reader.ts';
import { createClosedStreams } from './closed-streams.ts';
import type { Http2Counters } from './counters.ts';
import { type HeaderChoice, type Http2Head, readHttp2Head } from './head.ts';
import type { HeaderBlock } from './hpack.ts';
import {
  countMessages,
  type Half,
  type Losses,
  missedIn,
  newStream,
  type Stream,
  streamFacts,
} from './stream.ts';

export interface StreamsOptions {
  readonly maxStreams: number;
  readonly maxBodyBytes: number;
  readonly choice: HeaderChoice;
  readonly counters: Http2Counters;
  readonly onExchange: (facts: HttpFacts | GrpcFacts, timeMs: number, startMs: number) => void;
}

type Outcome = HttpFacts['outcome'];

const NO_ERROR = 0;
/** Streams looked at for one that can be given up when all are taken. */
const GIVE_UP_TRIES = 16;

/** Follows the streams of one connection, a bounded number, from their request to their end. */
export class Streams {
  readonly #options: StreamsOptions;
  /** In the order in which they began. */
  readonly #open = new Map<number, Stream>();
  readonly #closed = createClosedStreams();
  readonly #losses: Readonly<Record<Side, Losses>> = {
    client: { bodies: 0, overall: 0 },
    server: { bodies: 0, overall: 0 },
  };
  /** Highest stream that the client opened. */
  #highest = 0;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }
  half(side: Side, streamId: number): Half | undefined {
    return this.#open.get(streamId)?.[side];
  }
  /** A request that was made before the connection spoke HTTP/2 (h2c upgrade), answered on stream 1. */
  adopt(request: Http2Head, bodyBytes: number | undefined, startMs: number): void {
    const stream = this.#begin(1, startMs);
    if (stream === undefined) return;
    stream.request = request;
    stream.client.bodyBytes = bodyBytes;
    this.#endHalf(stream, 'client');
  }
  block(side: Side, info: BlockInfo, block: HeaderBlock, timeMs: number): void {
    const head = readHttp2Head(block, this.#options.choice);
    this.#options.counters.droppedFields += head.droppedFields;
    if (info.promisedId !== 0) this.#promised(info, head);
    else if (side === 'client') this.#clientBlock(info, head);
    else this.#serverBlock(info, head, timeMs);
    if (info.endStream) this.endStream(side, info.streamId, timeMs);
  }
  lostBlock(side: Side, info: BlockInfo | undefined): void {
    if (info === undefined || info.promisedId !== 0) return;
    const { streamId, startMs, endStream } = info;
    const isNew = side === 'client' && this.#isNew(streamId);
    const stream = this.#open.get(streamId) ?? (isNew ? this.#begin(streamId, startMs) : undefined);
    if (stream === undefined) return;
    stream.partial = true;
    if (endStream) this.endStream(side, streamId, startMs);
  }
  endStream(side: Side, streamId: number, timeMs: number): void {
    const stream = this.#open.get(streamId);
    if (stream === undefined) return;
    stream[side].lastMs = timeMs;
    this.#endHalf(stream, side);
    this.#reportWhenDone(stream, timeMs);
  }
  reset(side: Side, streamId: number, errorCode: number | undefined, timeMs: number): void {
    const stream = this.#open.get(streamId);
    if (stream === undefined) {
      this.#closed.add(streamId);
      return;
    }
    const answered = stream.server.lossesAfter !== undefined;
    const isEnd = side === 'server' && errorCode === NO_ERROR && stream.response !== undefined;
    this.#endHalf(stream, 'client');
    this.#endHalf(stream, 'server');
    this.#report(stream, answered || isEnd ? 'complete' : 'reset', timeMs);
  }
  /** The sender will not answer streams above `lastStreamId`. */
  goAway(side: Side, lastStreamId: number, timeMs: number): void {
    const parity = side === 'server' ? 1 : 0;
    for (const stream of this.#open.values()) {
      if (stream.id <= lastStreamId || (stream.id & 1) !== parity || stream.response !== undefined) continue;
      this.#report(stream, 'unanswered', timeMs);
    }
  }
  lost(side: Side, bodies: boolean, timeMs: number): void {
    this.#losses[side].bodies++;
    if (!bodies) this.#losses[side].overall++;
    if (this.#options.maxBodyBytes > 0)
      for (const stream of this.#open.values()) stream[side].body?.missing();
    if (side === 'server') return;
    for (const stream of this.#open.values()) this.#reportWhenDone(stream, timeMs);
  }
  end(timeMs: number, reset: boolean): void {
    for (const stream of this.#open.values()) this.#report(stream, this.#outcomeAtEnd(stream, reset), timeMs);
  }

  #clientBlock({ streamId, startMs }: BlockInfo, head: Http2Head): void {
    const known = this.#open.get(streamId);
    if (known !== undefined) {
      if (known.request === undefined && head.method !== undefined) this.#setRequest(known, head);
      return;
    }
    const stream = this.#isNew(streamId) ? this.#begin(streamId, startMs) : undefined;
    if (stream === undefined) return;
    // Without a method these may be trailers, and the body before them was missed.
    if (head.method === undefined) stream.client.bodyBytes = undefined;
    if (head.hasPseudo || head.damaged) this.#setRequest(stream, head);
  }
  #setRequest(stream: Stream, head: Http2Head): void {
    stream.request = head;
    countMessages(stream, head);
  }
  #serverBlock({ streamId, startMs }: BlockInfo, head: Http2Head, timeMs: number): void {
    const stream = this.#open.get(streamId) ?? this.#unasked(streamId, startMs);
    if (stream === undefined) return;
    stream.server.lastMs = timeMs;
    if (head.statusCode !== undefined && head.statusCode < 200) return;
    const isTrailers = !head.hasPseudo && !head.damaged;
    const isHead = stream.response === undefined ? !isTrailers : head.statusCode !== undefined;
    if (isHead) {
      stream.response = head;
      if (head.statusCode === undefined) {
        stream.partial = true;
        stream.server.bodyBytes = undefined;
      }
      countMessages(stream, head);
    } else {
      stream.trailers = head;
      if (stream.response === undefined) stream.partial = true;
    }
  }
  /** A response whose request was missed: not of a stream that is over or was refused. */
  #unasked(streamId: number, startMs: number): Stream | undefined {
    const missed = this.#losses.client.overall > 0 || streamId > this.#highest;
    if (!missed || this.#closed.has(streamId)) return undefined;
    const stream = this.#begin(streamId, startMs);
    if (stream !== undefined) {
      stream.client.bodyBytes = undefined;
      this.#endHalf(stream, 'client');
    }
    return stream;
  }
  #promised({ promisedId, startMs }: BlockInfo, head: Http2Head): void {
    if ((promisedId & 1) === 1 || this.#open.has(promisedId) || this.#closed.has(promisedId)) return;
    const stream = this.#begin(promisedId, startMs);
    if (stream === undefined) return;
    stream.request = head;
    this.#endHalf(stream, 'client');
  }
  #isNew(streamId: number): boolean {
    if ((streamId & 1) === 0) return false;
    return streamId > this.#highest || (this.#losses.client.overall > 0 && !this.#closed.has(streamId));
  }
  #begin(id: number, startMs: number): Stream | undefined {
    const { maxStreams, maxBodyBytes, counters } = this.#options;
    if ((id & 1) === 1) this.#highest = Math.max(this.#highest, id);
    if (this.#open.size >= maxStreams && !this.#giveUpOne(startMs)) {
      counters.refusedStreams++;
      this.#closed.add(id);
      return undefined;
    }
    const stream = newStream({ id, startMs, losses: this.#losses, maxBodyBytes });
    this.#open.set(id, stream);
    return stream;
  }
  /** Gives up the oldest stream whose end may have been missed. */
  #giveUpOne(timeMs: number): boolean {
    let tries = GIVE_UP_TRIES;
    for (const stream of this.#open.values()) {
      const missed = this.#missed(stream, 'server') || this.#missed(stream, 'client');
      if (missed) {
        this.#options.counters.givenUpStreams++;
        this.#report(stream, this.#outcomeAtEnd(stream, false), timeMs);
        return true;
      }
      if (--tries === 0) return false;
    }
    return false;
  }
  #missed(stream: Stream, side: Side): boolean {
    return missedIn(stream[side], this.#losses[side]).bodies;
  }
  #endHalf(stream: Stream, side: Side): void {
    const { bodies, overall } = this.#losses[side];
    stream[side].lossesAfter ??= { bodies, overall };
  }
  /** When the response has ended and the request has, too, or its end may have been missed. */
  #reportWhenDone(stream: Stream, timeMs: number): void {
    if (stream.server.lossesAfter === undefined) return;
    if (stream.client.lossesAfter === undefined && !this.#missed(stream, 'client')) return;
    this.#report(stream, 'complete', timeMs);
  }
  #outcomeAtEnd({ server, response, trailers }: Stream, reset: boolean): Outcome {
    if (server.lossesAfter !== undefined) return 'complete';
    if (reset) return 'reset';
    return response === undefined && trailers === undefined ? 'unanswered' : 'complete';
  }
  #report(stream: Stream, outcome: Outcome, timeMs: number): void {
    this.#open.delete(stream.id);
    this.#closed.add(stream.id);
    const isOver = stream.server.lossesAfter !== undefined || outcome !== 'complete';
    if (!isOver) stream.partial = true;
    const isUnasked = stream.request === undefined && stream.response !== undefined;
    const facts = streamFacts(stream, isUnasked ? 'unasked' : outcome, this.#losses);
    this.#options.onExchange(facts, timeMs, stream.startMs);
  }
}
