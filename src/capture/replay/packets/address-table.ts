import type { TopEndpoint } from '../../../model/packets.ts';
import { ipFromWords, ipv4FromWord } from '../../../net/ip.ts';

/** Which end of which direction an address was. */
export const ROLE = { inboundSource: 0, inboundTarget: 1, outboundSource: 2, outboundTarget: 3 } as const;
const ROLES = 4;

export const NO_ROOM = -1;
/** Addresses of one window; further ones are not told apart. */
const MAX_ADDRESSES = 24_576;
const SLOTS = 65_536;
const WORDS = 5;
const COUNTS = 3;
const MAX_TOP = 20;

/** The addresses of one window, with what each sent and got. Allocates nothing while it counts. */
export class AddressTable {
  readonly #isInternal: (family: number, words: Int32Array, at: number) => boolean;
  readonly #keys = new Int32Array(SLOTS * WORDS);
  /** The window in which a slot was taken: emptying the table is one addition. */
  readonly #epochs = new Uint32Array(SLOTS);
  readonly #internal = new Uint8Array(SLOTS);
  /** Packets, bytes and SYN by slot and role. */
  readonly #counts = new Float64Array(SLOTS * ROLES * COUNTS);
  readonly #used = new Uint32Array(MAX_ADDRESSES);
  readonly #seen = new Uint32Array(ROLES);
  #size = 0;
  #epoch = 1;

  /** `isInternal` is asked once for each address and window. */
  constructor(isInternal: (family: number, words: Int32Array, at: number) => boolean) {
    this.#isInternal = isInternal;
  }

  clear(): void {
    this.#epoch += 1;
    this.#size = 0;
    this.#seen.fill(0);
  }

  /** The slot of an address; `NO_ROOM` when the table is full. */
  slotOf(family: number, w0: number, w1: number, w2: number, w3: number): number {
    const keys = this.#keys;
    let slot = hash(w0 ^ w1, w2 ^ w3) & (SLOTS - 1);
    while (this.#epochs[slot] === this.#epoch) {
      const at = slot * WORDS;
      if (
        keys[at + 3] === w3 &&
        keys[at + 2] === w2 &&
        keys[at + 1] === w1 &&
        keys[at] === w0 &&
        keys[at + 4] === family
      )
        return slot;
      slot = (slot + 1) & (SLOTS - 1);
    }
    return this.#size === MAX_ADDRESSES ? NO_ROOM : this.#take(slot, [w0, w1, w2, w3, family]);
  }

  isInternal(slot: number): boolean {
    return this.#internal[slot] === 1;
  }

  count(slot: number, role: number, { bytes, syn }: { bytes: number; syn: number }): void {
    const counts = this.#counts;
    const at = (slot * ROLES + role) * COUNTS;
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
    const packets = (slot: number): number => this.#counts[(slot * ROLES + role) * COUNTS] as number;
    for (let place = 0; place < this.#size; place++) {
      const slot = this.#used[place] as number;
      const count = packets(slot);
      const least = best[MAX_TOP - 1];
      if (count === 0 || (least !== undefined && packets(least) >= count)) continue;
      let at = best.length;
      while (at > 0 && packets(best[at - 1] as number) < count) at--;
      best.splice(at, 0, slot);
      if (best.length > MAX_TOP) best.pop();
    }
    return best.map((slot) => this.#endpoint(slot, role));
  }

  #take(slot: number, key: readonly number[]): number {
    this.#epochs[slot] = this.#epoch;
    this.#keys.set(key, slot * WORDS);
    this.#counts.fill(0, slot * ROLES * COUNTS, (slot + 1) * ROLES * COUNTS);
    this.#internal[slot] = this.#isInternal(key[4] as number, this.#keys, slot * WORDS) ? 1 : 0;
    this.#used[this.#size] = slot;
    this.#size += 1;
    return slot;
  }

  #endpoint(slot: number, role: number): TopEndpoint {
    const at = slot * WORDS;
    const ip =
      this.#keys[at + 4] === 4 ? ipv4FromWord(this.#keys[at + 3] as number) : ipFromWords(this.#keys, at);
    const counts = (slot * ROLES + role) * COUNTS;
    const [packets = 0, bytes = 0, syn = 0] = this.#counts.subarray(counts, counts + COUNTS);
    return { ip, packets, bytes, syn };
  }
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
