const FIRST_SLOTS = 1_024;
/** Places of the table for each slot: at most half of them are taken. */
const SPARSE = 2;
/** Neighbouring ids share a line of the processor's cache. */
const RUN_BITS = 3;
const RUN = 2 ** RUN_BITS;

/**
 * Gives ids (integers from 0 to 2^53) small numbers of their own, for columns of what is known of them: a Map of numbers in typed
 * arrays, at some 20 bytes an id. Freed slots are given out again. Ids that were given out one after the other lie beside each
 * other, so that looking up many of them in that order is cheap.
 */
export class IdSlots {
  /** By slot. */
  #ids = new Float64Array(FIRST_SLOTS);
  /** Slot + 1 by hash of its id, or in the first free place behind; 0: free. */
  #table = new Int32Array(SPARSE * FIRST_SLOTS);
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  slotOf(id: number): number | undefined {
    const slot = this.#table[this.#placeOf(id)] as number;
    return slot === 0 ? undefined : slot - 1;
  }

  /** The slot of the id, which gets one if it has none. */
  add(id: number): number {
    const known = this.slotOf(id);
    if (known !== undefined) return known;
    const slot = this.#free.pop() ?? this.#size;
    this.#size += 1;
    if (slot >= this.#ids.length) this.#widen();
    this.#ids[slot] = id;
    this.#table[this.#placeOf(id)] = slot + 1;
    return slot;
  }

  /** Frees the slot of the id and returns it; undefined when it has none. */
  remove(id: number): number | undefined {
    const place = this.#placeOf(id);
    const slot = this.#table[place] as number;
    if (slot === 0) return undefined;
    this.#close(place);
    this.#size -= 1;
    this.#free.push(slot - 1);
    return slot - 1;
  }

  /** Where the id is, or would be. */
  #placeOf(id: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let place = homeOf(id) & mask;
    for (let slot = table[place] as number; slot !== 0; slot = table[place] as number) {
      if (this.#ids[slot - 1] === id) return place;
      place = (place + 1) & mask;
    }
    return place;
  }

  /** Frees a place, and moves up those behind that would not be found any more. */
  #close(place: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = place;
    for (let next = (place + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
      const slot = table[next] as number;
      const home = homeOf(this.#ids[slot - 1] as number) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      table[hole] = slot;
      hole = next;
    }
    table[hole] = 0;
  }

  #widen(): void {
    const before = this.#ids;
    this.#ids = new Float64Array(2 * before.length);
    this.#ids.set(before);
    this.#table = new Int32Array(2 * this.#table.length);
    for (const [slot, id] of before.entries()) this.#table[this.#placeOf(id)] = slot + 1;
  }
}

/** The finalizer of MurmurHash3 over runs of ids, so that nobody's choice of ids makes a long row of taken places. */
function homeOf(id: number): number {
  const run = Math.floor(id / RUN);
  let hash = (run ^ Math.floor(run / 4_294_967_296)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) << RUN_BITS) | (id & (RUN - 1));
}
