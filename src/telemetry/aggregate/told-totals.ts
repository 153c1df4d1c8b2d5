import type { FlowTotals } from '../../model/flow.ts';
import { IdSlots } from '../../model/id-slots.ts';
import type { Conversation } from './conversations.ts';

/** What a connection did since it was last looked at; segments received are not counted anywhere. */
export type Growth = Omit<FlowTotals, 'segmentsReceived'>;

/** One end of an open connection whose counters are told while it is open. */
export interface Told {
  /** It goes on being counted when it was forgotten to make room for others. */
  readonly conversation: Conversation;
  /** Whether it is the end whose events count. */
  readonly isObserver: boolean;
  /** How many connections it stands for in figures of the host; 0: none. */
  readonly weight: number;
}

const FIRST_SLOTS = 1_024;
/** Figures of a slot in each column. */
const PAIR = 2;

/**
 * What was counted already of connections that are still open, by socket: so that their end adds the rest and nothing twice.
 * Kept in columns: some 60 bytes a socket.
 */
export class ToldTotals {
  readonly #max: number;
  readonly #slots = new IdSlots();
  readonly #conversations: (Conversation | undefined)[] = [];
  /** Sent, received. */
  #bytes = new Float64Array(PAIR * FIRST_SLOTS);
  /** Segments sent, those sent again; modulo 2^32. */
  #counts = new Uint32Array(PAIR * FIRST_SLOTS);
  /** Whether it is the observer, weight. */
  #roles = new Uint32Array(PAIR * FIRST_SLOTS);
  #refused = 0;
  readonly #growth = { bytesSent: 0, bytesReceived: 0, segmentsSent: 0, retransmits: 0 };

  /** Holds at most `max` sockets. */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Times that there was no room for a socket. */
  get refused(): number {
    return this.#refused;
  }

  slotOf(socketId: number): number | undefined {
    return this.#slots.slotOf(socketId);
  }

  /** Takes in a socket, with nothing counted yet; undefined when there is no room: then its end tells all. */
  meet(socketId: number, { conversation, isObserver, weight }: Told): number | undefined {
    if (this.#slots.size >= this.#max) {
      this.#refused += 1;
      return undefined;
    }
    const slot = this.#slots.add(socketId);
    if (PAIR * slot >= this.#bytes.length) this.#widen();
    this.#conversations[slot] = conversation;
    this.#roles[PAIR * slot] = isObserver ? 1 : 0;
    this.#roles[PAIR * slot + 1] = weight;
    this.#bytes.fill(0, PAIR * slot, PAIR * (slot + 1));
    this.#counts.fill(0, PAIR * slot, PAIR * (slot + 1));
    return slot;
  }

  /** Who it is; undefined for a slot that nothing has. */
  told(slot: number): Told | undefined {
    const conversation = this.#conversations[slot];
    if (conversation === undefined) return undefined;
    const isObserver = this.#roles[PAIR * slot] === 1;
    return { conversation, isObserver, weight: this.#roles[PAIR * slot + 1] ?? 0 };
  }

  /** What came since the last call; only valid until the next. Bytes never go down, the others turn over at 2^32. */
  advance(slot: number, now: FlowTotals): Growth {
    const growth = this.#growth;
    growth.bytesSent = this.#rise(PAIR * slot, now.bytesSent);
    growth.bytesReceived = this.#rise(PAIR * slot + 1, now.bytesReceived);
    growth.segmentsSent = this.#turn(PAIR * slot, now.segmentsSent);
    growth.retransmits = this.#turn(PAIR * slot + 1, now.retransmits);
    return growth;
  }

  /** Forgets the socket; what its final counters add to what was counted, or undefined when nothing was. */
  end(socketId: number, final: FlowTotals): Growth | undefined {
    const slot = this.#slots.remove(socketId);
    if (slot === undefined) return undefined;
    this.#conversations[slot] = undefined;
    return this.advance(slot, final);
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

  #widen(): void {
    const length = 2 * this.#bytes.length;
    const wider = <T extends Float64Array | Uint32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#bytes = wider(new Float64Array(length), this.#bytes);
    this.#counts = wider(new Uint32Array(length), this.#counts);
    this.#roles = wider(new Uint32Array(length), this.#roles);
  }
}
