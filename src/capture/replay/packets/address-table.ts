import type { TopEndpoint } from '../../../model/packets.ts';
import { ipFromWords, ipv4FromWord } from '../../../net/ip.ts';

/** Which end of which direction an address was. */
export const ROLE = { inboundSource: 0, inboundTarget: 1, outboundSource: 2, outboundTarget: 3 } as const;
const ROLES = 4;

export const NO_ROOM = -1;
/** Addresses of one window; further ones are not told apart. */
const MAX_ADDRESSES = 24_576;
const SLOTS = 65_536;
/** What is known of an address lies together, in two lines of the processor's cache: its key, then its counts. */
const RECORD_BYTES = 128;
const WORDS = RECORD_BYTES / 4;
const DOUBLES = RECORD_BYTES / 8;
const FAMILY = 4;
const INTERNAL = 5;
const FIRST_COUNT = 4;
const COUNTS = 3;
const MAX_TOP = 20;

/** The addresses of one window, with what each sent and got. Allocates nothing while it counts. */
export class AddressTable {
  readonly #isInternal: (family: number, words: Int32Array, at: number) => boolean;
  /** By hash: one more than the place of the address, 0 for none. */
  readonly #places = new Uint16Array(SLOTS);
  /** By place: where in `#places` it is. */
  readonly #slots = new Uint16Array(MAX_ADDRESSES);
  readonly #keys: Int32Array;
  /** Packets, bytes and SYN by role. */
  readonly #counts: Float64Array;
  readonly #seen = new Uint32Array(ROLES);
  #size = 0;
  /** The places asked for last: most packets go between the ends of the one before. */
  #last = NO_ROOM;
  #before = NO_ROOM;

  /** `isInternal` is asked once for each address and window. */
  constructor(isInternal: (family: number, words: Int32Array, at: number) => boolean) {
    this.#isInternal = isInternal;
    const records = new ArrayBuffer(MAX_ADDRESSES * RECORD_BYTES);
    this.#keys = new Int32Array(records);
    this.#counts = new Float64Array(records);
  }

  clear(): void {
    for (let place = 0; place < this.#size; place++) this.#places[this.#slots[place] as number] = 0;
    this.#size = 0;
    this.#last = this.#before = NO_ROOM;
    this.#seen.fill(0);
  }

  /** The place of an address; `NO_ROOM` when the table is full. */
  placeOf(family: number, w0: number, w1: number, w2: number, w3: number): number {
    if (this.#last !== NO_ROOM && this.#holds(this.#last, family, w0, w1, w2, w3)) return this.#last;
    const before = this.#before;
    const isKnown = before !== NO_ROOM && this.#holds(before, family, w0, w1, w2, w3);
    const place = isKnown ? before : this.#find(family, w0, w1, w2, w3);
    if (place === NO_ROOM) return NO_ROOM;
    this.#before = this.#last;
    this.#last = place;
    return place;
  }

  isInternal(place: number): boolean {
    return this.#keys[place * WORDS + INTERNAL] === 1;
  }

  count(place: number, role: number, { bytes, syn }: { bytes: number; syn: number }): void {
    const counts = this.#counts;
    const at = countsAt(place, role);
    if (counts[at] === 0) this.#seen[role] = (this.#seen[role] as number) + 1;
    counts[at] = (counts[at] as number) + 1;
    counts[at + 1] = (counts[at + 1] as number) + bytes;
    counts[at + 2] = (counts[at + 2] as number) + syn;
  }

  /** How many addresses had this role. */
  seen(role: number): number {
    return this.#seen[role] as number;
  }

  /** The busiest of a role, at most 20; of equally busy ones those met first. */
  top(role: number): TopEndpoint[] {
    const best: number[] = [];
    const packets = (place: number): number => this.#counts[countsAt(place, role)] as number;
    for (let place = 0; place < this.#size; place++) {
      const count = packets(place);
      const least = best[MAX_TOP - 1];
      if (count === 0 || (least !== undefined && packets(least) >= count)) continue;
      let at = best.length;
      while (at > 0 && packets(best[at - 1] as number) < count) at--;
      best.splice(at, 0, place);
      if (best.length > MAX_TOP) best.pop();
    }
    return best.map((place) => this.#endpoint(place, role));
  }

  #find(family: number, w0: number, w1: number, w2: number, w3: number): number {
    let slot = hash(w0 ^ w1, w2 ^ w3) & (SLOTS - 1);
    for (;;) {
      const place = (this.#places[slot] as number) - 1;
      if (place < 0) break;
      if (this.#holds(place, family, w0, w1, w2, w3)) return place;
      slot = (slot + 1) & (SLOTS - 1);
    }
    return this.#size === MAX_ADDRESSES ? NO_ROOM : this.#take(slot, [w0, w1, w2, w3, family]);
  }

  #holds(place: number, family: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const keys = this.#keys;
    const at = place * WORDS;
    return (
      keys[at + 3] === w3 &&
      keys[at + 2] === w2 &&
      keys[at + 1] === w1 &&
      keys[at] === w0 &&
      keys[at + FAMILY] === family
    );
  }

  #take(slot: number, key: readonly number[]): number {
    const place = this.#size;
    this.#size += 1;
    this.#places[slot] = this.#size;
    this.#slots[place] = slot;
    const at = place * WORDS;
    this.#counts.fill(0, place * DOUBLES, (place + 1) * DOUBLES);
    this.#keys.set(key, at);
    this.#keys[at + INTERNAL] = this.#isInternal(key[FAMILY] as number, this.#keys, at) ? 1 : 0;
    return place;
  }

  #endpoint(place: number, role: number): TopEndpoint {
    const at = place * WORDS;
    const ip =
      this.#keys[at + FAMILY] === 4
        ? ipv4FromWord(this.#keys[at + 3] as number)
        : ipFromWords(this.#keys, at);
    const counts = countsAt(place, role);
    const [packets = 0, bytes = 0, syn = 0] = this.#counts.subarray(counts, counts + COUNTS);
    return { ip, packets, bytes, syn };
  }
}

function countsAt(place: number, role: number): number {
  return place * DOUBLES + FIRST_COUNT + role * COUNTS;
}

/** Finalizer in the manner of MurmurHash3. */
function hash(high: number, low: number): number {
  let value = Math.imul(high, 0x9e3779b1) ^ low;
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return value ^ (value >>> 16);
}
