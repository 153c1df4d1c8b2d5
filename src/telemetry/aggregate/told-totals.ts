import type { FlowTotals } from '../../model/flow.ts';
import type { Conversation } from './conversations.ts';

/** What a connection did since it was last looked at; `segmentsReceived` is not counted anywhere. */
export type Growth = Omit<FlowTotals, 'segmentsReceived'>;

/** One end of an open connection whose counters were told while it was open. */
export interface Told {
  /** It goes on being counted when it was forgotten to make room for others. */
  readonly conversation: Conversation;
  /** Whether it is the end whose events count. */
  readonly isObserver: boolean;
  /** How many connections it stands for in figures of the host; 0: none. */
  readonly weight: number;
}

interface Entry extends Told {
  readonly slot: number;
}

/**
 * What was counted already of connections that are still open, by socket: so that their end adds the rest and nothing twice.
 * Totals are kept in columns, 24 bytes a socket beside its entry.
 */
export interface ToldTotals {
  of(socketId: number): Entry | undefined;
  /** Takes in a socket, with nothing counted yet; undefined when there is no room: then its end tells all. */
  meet(socketId: number, told: Told): Entry | undefined;
  /** What came since the last call. Only valid until the next. */
  advance(entry: Entry, now: FlowTotals): Growth;
  /** Forgets the socket; what its final counters add to what was counted, or undefined when nothing was. */
  end(socketId: number, final: FlowTotals): Growth | undefined;
  readonly size: number;
  /** Times that there was no room for a socket. */
  readonly refused: number;
}

const FIRST_SLOTS = 1_024;

class Columns {
  #bytes = new Float64Array(2 * FIRST_SLOTS);
  #counts = new Uint32Array(2 * FIRST_SLOTS);
  #slots = 0;
  readonly #free: number[] = [];
  readonly #growth = { bytesSent: 0, bytesReceived: 0, segmentsSent: 0, retransmits: 0 };

  take(): number {
    const slot = this.#free.pop() ?? this.#slots++;
    if (2 * slot >= this.#bytes.length) this.#grow();
    this.#bytes.fill(0, 2 * slot, 2 * slot + 2);
    this.#counts.fill(0, 2 * slot, 2 * slot + 2);
    return slot;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }

  /** Bytes never go down; the others turn over at 2^32. */
  advance(slot: number, now: FlowTotals): Growth {
    const growth = this.#growth;
    growth.bytesSent = this.#rise(2 * slot, now.bytesSent);
    growth.bytesReceived = this.#rise(2 * slot + 1, now.bytesReceived);
    growth.segmentsSent = this.#turn(2 * slot, now.segmentsSent);
    growth.retransmits = this.#turn(2 * slot + 1, now.retransmits);
    return growth;
  }

  #rise(at: number, value: number): number {
    const before = this.#bytes[at] ?? 0;
    if (value <= before) return 0;
    this.#bytes[at] = value;
    return value - before;
  }

  #turn(at: number, value: number): number {
    const before = this.#counts[at] ?? 0;
    this.#counts[at] = value;
    return (value - before) >>> 0;
  }

  #grow(): void {
    const bytes = new Float64Array(2 * this.#bytes.length);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    const counts = new Uint32Array(2 * this.#counts.length);
    counts.set(this.#counts);
    this.#counts = counts;
  }
}

/** Creates an empty ledger of at most `max` sockets. */
export function createToldTotals(max: number): ToldTotals {
  const entries = new Map<number, Entry>();
  const columns = new Columns();
  let refused = 0;
  return {
    of: (socketId) => entries.get(socketId),
    meet(socketId, told) {
      if (entries.size >= max) {
        refused += 1;
        return undefined;
      }
      const entry = { ...told, slot: columns.take() };
      entries.set(socketId, entry);
      return entry;
    },
    advance: ({ slot }, now) => columns.advance(slot, now),
    end(socketId, final) {
      const entry = entries.get(socketId);
      if (entry === undefined) return undefined;
      entries.delete(socketId);
      columns.give(entry.slot);
      return columns.advance(entry.slot, final);
    },
    get size() {
      return entries.size;
    },
    get refused() {
      return refused;
    },
  };
}
