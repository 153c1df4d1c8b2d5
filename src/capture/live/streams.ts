import type { ConversationFacts, Role, Side, StreamConsumer } from '../../model/conversation.ts';
import { SlotMap } from '../../model/slot-map.ts';
import type { StreamClosed } from '../decode.ts';
import { DIRECTION, PIECE } from '../layout.gen.ts';
import type { PayloadView } from '../payload-view.ts';
import { Direction } from './direction.ts';
import { createOrphanage, type Orphanage } from './orphans.ts';
import { senderRole } from './sender-role.ts';
import { createStreamCounters, type StreamCounters } from './stream-counters.ts';

/** Reads what conversations say; made by the composition root. */
export interface ContentReader {
  openStream(facts: ConversationFacts): StreamConsumer | undefined;
  datagram(facts: ConversationFacts, side: Side, bytes: Uint8Array, timeMs: number): void;
}

/** Streams that are followed at a time; the one that has been silent longest goes first. */
const MAX_STREAMS = 32_768;
/** How many are looked at to find one that is silent. */
const EVICTION_TRIES = 64;
/** Bytes that wait for others before them wait this long. */
const HOLE_PATIENCE_MS = 3000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Stream {
  /** The owner may become known while the stream lives: readers see the newest. */
  readonly facts: Mutable<ConversationFacts>;
  readonly consumer: StreamConsumer;
  /** By DIRECTION. */
  readonly directions: readonly [Direction, Direction];
  lastMs: number;
  /** `lastMs` when it was last queued for eviction. */
  queuedMs: number;
}

/** In the place of a stream that nobody reads. */
const UNREAD = 'unread';

/** Turns payload records into streams and datagrams, in order, with what is missing told. */
export class LiveStreams {
  readonly counters: StreamCounters = createStreamCounters();
  readonly #reader: ContentReader;
  readonly capacity: number;
  /** By socket; insertion order is the order of eviction. */
  readonly #streams = new SlotMap<number, Stream | typeof UNREAD>();
  readonly #orphans: Orphanage = createOrphanage(this.counters);

  constructor(reader: ContentReader, capacity = MAX_STREAMS) {
    this.#reader = reader;
    this.capacity = capacity;
  }

  get size(): number {
    return this.#streams.size;
  }

  payload(piece: PayloadView): void {
    if (piece.isUdp) this.#datagram(piece);
    else if (piece.flags & PIECE.ORPHAN) this.#orphans.add(piece);
    else this.#piece(piece);
  }

  closed({ socketId, seen, reset, timeMs }: StreamClosed): void {
    const stream = this.#streams.take(socketId);
    if (stream === undefined) return;
    this.counters.closed++;
    if (stream !== UNREAD) endStream(stream, { seen, reset, timeMs });
  }

  /** Call now and then: gives up waiting for what is missing. */
  sweep(nowMs: number): void {
    for (const stream of this.#streams.values()) {
      if (stream === UNREAD) continue;
      for (const direction of stream.directions) direction.sweep(nowMs - HOLE_PATIENCE_MS, nowMs);
    }
    this.#orphans.sweep(nowMs);
  }

  /** Ends every stream: nothing more will come. */
  end(nowMs: number): void {
    for (const stream of this.#streams.values())
      if (stream !== UNREAD) endStream(stream, { seen: [undefined, undefined], reset: false, timeMs: nowMs });
    this.#streams.clear();
  }

  #piece(piece: PayloadView): void {
    const { socketId } = piece;
    const stream = this.#streams.get(socketId) ?? this.#open(piece);
    if (stream === UNREAD) return;
    stream.lastMs = piece.timeMs;
    if (piece.attribution !== stream.facts.attribution) {
      stream.facts.owner = piece.owner();
      stream.facts.attribution = piece.attribution;
    }
    stream.directions[piece.direction].piece(piece);
  }

  #open(piece: PayloadView): Stream | typeof UNREAD {
    if (this.#streams.size >= this.capacity) this.#evict(piece.timeMs);
    const facts: Mutable<ConversationFacts> = piece.facts();
    if (facts.role === 'unknown') facts.role = guessRole(piece, facts);
    const consumer = this.#reader.openStream(facts);
    const stream = consumer === undefined ? UNREAD : createStream(facts, consumer, this.counters);
    this.#streams.add(piece.socketId, stream);
    this.counters.opened++;
    const orphan = facts.role === 'server' ? this.#orphans.take(facts) : undefined;
    if (orphan !== undefined && stream !== UNREAD)
      stream.directions[DIRECTION.RECEIVED].prepend(orphan.seq, orphan.bytes, orphan.timeMs);
    return stream;
  }

  /** Of the streams queued first, ends one that has been silent since; the others queue again. */
  #evict(timeMs: number): void {
    for (let tries = 0; tries < EVICTION_TRIES; tries++) {
      const socketId = this.#streams.oldestKey();
      if (socketId === undefined) return;
      const stream = this.#streams.take(socketId);
      if (stream === undefined) return;
      if (stream !== UNREAD && stream.lastMs > stream.queuedMs && tries + 1 < EVICTION_TRIES) {
        stream.queuedMs = stream.lastMs;
        this.#streams.set(socketId, stream);
        continue;
      }
      this.counters.evicted++;
      if (stream !== UNREAD) endStream(stream, { seen: [undefined, undefined], reset: false, timeMs });
      return;
    }
  }

  #datagram(piece: PayloadView): void {
    const facts = piece.facts();
    this.#reader.datagram(facts, sideOf(facts.role, piece.direction), piece.bytes(), facts.timeMs);
  }
}

/** Who sent it, as seen from the conversation. */
function sideOf(role: Role, direction: 0 | 1): Side {
  return (role === 'server') === (direction === DIRECTION.SENT) ? 'server' : 'client';
}

function createStream(
  facts: Mutable<ConversationFacts>,
  consumer: StreamConsumer,
  counters: StreamCounters,
): Stream {
  const direction = (which: 0 | 1): Direction => new Direction(sideOf(facts.role, which), consumer, counters);
  return {
    facts,
    consumer,
    directions: [direction(DIRECTION.RECEIVED), direction(DIRECTION.SENT)],
    lastMs: facts.timeMs,
    queuedMs: facts.timeMs,
  };
}

function endStream(
  { directions, consumer }: Stream,
  { seen, reset, timeMs }: Pick<StreamClosed, 'seen' | 'reset' | 'timeMs'>,
): void {
  directions[0].end(seen[0], timeMs);
  directions[1].end(seen[1], timeMs);
  consumer.end(timeMs, reset);
}

/** Of a connection older than telegen: what was said tells who asked; else the lower port serves. */
function guessRole(piece: PayloadView, { local, remote }: ConversationFacts): Role {
  const sender = senderRole(piece.bytes());
  const sentByUs = piece.direction === DIRECTION.SENT;
  if (sender !== undefined) return (sender === 'client') === sentByUs ? 'client' : 'server';
  return local.port < remote.port ? 'server' : 'client';
}
