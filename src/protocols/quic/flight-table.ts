import { createHelloPieces, type HelloPieces } from './hello-pieces.ts';
import type { InitialKeys } from './keys.ts';

/** What a client sends under one connection id that it chose; remembered for a while after it was read. */
export interface Flight {
  readonly key: string;
  /** Of the conversation. */
  readonly peer: string;
  readonly beganMs: number;
  /** Undefined once nothing more is to be read. */
  keys: InitialKeys | undefined;
  pieces: HelloPieces;
  /** These keys opened a packet. */
  isAuthentic: boolean;
  /** There was a packet that they did not open. */
  hasForeign: boolean;
  /** Digest of the hello that was read. */
  digest: Uint8Array | undefined;
  /** Since when it stands in its list. */
  sinceMs: number;
  /** In the list of those that hold a part of a hello, and how many bytes of it were counted; else undefined. */
  held: number | undefined;
  previous: Flight | undefined;
  next: Flight | undefined;
}

const NO_PIECES = createHelloPieces();

export function createFlight(key: string, peer: string, keys: InitialKeys, beganMs: number): Flight {
  return {
    key,
    peer,
    beganMs,
    keys,
    pieces: createHelloPieces(),
    isAuthentic: false,
    hasForeign: false,
    digest: undefined,
    sinceMs: beganMs,
    held: undefined,
    previous: undefined,
    next: undefined,
  };
}

interface FlightList {
  first: Flight | undefined;
  last: Flight | undefined;
}

/**
 * The flights that are remembered, at most `cap`. Those that hold a part of a hello make way only when there are no
 * others.
 */
export class FlightTable {
  readonly #byKey = new Map<string, Flight>();
  /** The one of each conversation whose hello was read last. */
  readonly #read = new Map<string, Flight>();
  readonly #holding: FlightList = { first: undefined, last: undefined };
  readonly #others: FlightList = { first: undefined, last: undefined };
  readonly #cap: number;
  #heldBytes = 0;

  constructor(cap: number) {
    this.#cap = cap;
  }

  /** Of all parts of hellos. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isFull(): boolean {
    return this.#byKey.size >= this.#cap;
  }

  /** The one that began to hold a part first, and the one of the others that was touched longest ago. */
  get oldestHolding(): Flight | undefined {
    return this.#holding.first;
  }

  get oldestOther(): Flight | undefined {
    return this.#others.first;
  }

  get(key: string): Flight | undefined {
    return this.#byKey.get(key);
  }

  /** The one whose hello was read last in a conversation. */
  lastRead(peer: string): Flight | undefined {
    return this.#read.get(peer);
  }

  add(flight: Flight): void {
    this.#byKey.set(flight.key, flight);
    append(this.#others, flight);
  }

  remove(flight: Flight): void {
    this.#takeOut(flight);
    this.#byKey.delete(flight.key);
    if (this.#read.get(flight.peer) === flight) this.#read.delete(flight.peer);
  }

  /** It holds a part of a hello, or more of it than before. */
  hold(flight: Flight, nowMs: number): void {
    const { bytes } = flight.pieces;
    if (flight.held === undefined) {
      remove(this.#others, flight);
      flight.sinceMs = nowMs;
      append(this.#holding, flight);
    }
    this.#heldBytes += bytes - (flight.held ?? 0);
    flight.held = bytes;
  }

  /** Nothing more of it is to be read; `digest` of its hello, if there was one. */
  close(flight: Flight, nowMs: number, digest?: Uint8Array): void {
    flight.keys = undefined;
    flight.pieces = NO_PIECES;
    flight.digest = digest;
    if (digest !== undefined) this.#read.set(flight.peer, flight);
    this.touch(flight, nowMs);
  }

  /** It is remembered from now on; for one that holds nothing. */
  touch(flight: Flight, nowMs: number): void {
    this.#takeOut(flight);
    flight.sinceMs = nowMs;
    append(this.#others, flight);
  }

  clear(): void {
    this.#byKey.clear();
    this.#read.clear();
    this.#heldBytes = 0;
    for (const list of [this.#holding, this.#others]) {
      list.first = undefined;
      list.last = undefined;
    }
  }

  #takeOut(flight: Flight): void {
    remove(flight.held === undefined ? this.#others : this.#holding, flight);
    this.#heldBytes -= flight.held ?? 0;
    flight.held = undefined;
  }
}

function append(list: FlightList, flight: Flight): void {
  flight.previous = list.last;
  flight.next = undefined;
  if (list.last === undefined) list.first = flight;
  else list.last.next = flight;
  list.last = flight;
}

function remove(list: FlightList, flight: Flight): void {
  const { previous, next } = flight;
  if (previous === undefined) list.first = next;
  else previous.next = next;
  if (next === undefined) list.last = previous;
  else next.previous = previous;
  flight.previous = undefined;
  flight.next = undefined;
}
