import type { HeaderField } from '../../model/conversation.ts';

/** An entry of the dynamic table; without a field when its name is not known. */
export interface TableEntry {
  readonly field: HeaderField | undefined;
  /** RFC 7541, 4.1. The least it can be when the name is not known. */
  readonly size: number;
}

export const ENTRY_OVERHEAD = 32;
const DEFAULT_CAPACITY = 4096;
/** What is kept at most, whatever the peers agreed on. */
const MAX_KEPT = 65_536;
const UNKNOWN = Number.POSITIVE_INFINITY;

/**
 * The dynamic table of one direction, as far as an observer can know it. Indices count from the newest entry and entries
 * leave at the oldest end: so an index names the same insertion to whoever saw all insertions since, whether or not he
 * knows what was in the table before, or how large it is. Only what is older is unknown to him.
 */
export interface HpackTable {
  /** Every entry of the peers' table is here: an index beyond them is an error, not merely unknown. */
  readonly complete: boolean;
  readonly count: number;
  /** The entry at `index`, 0 is the newest. */
  at(index: number): TableEntry | undefined;
  insert(field: HeaderField | undefined, size: number): void;
  resize(capacity: number): void;
  /** The table is new: empty, with the capacity both sides begin with. */
  begin(): void;
  /** Insertions were missed: nothing of the table is known any more. */
  lose(): void;
}

export function createHpackTable(): HpackTable {
  return new Table();
}

class Table implements HpackTable {
  complete = false;
  count = 0;
  /** A ring; its length is a power of two. The newest entry is before `#head`. */
  #ring: (TableEntry | undefined)[] = [];
  #head = 0;
  #size = 0;
  #capacity = UNKNOWN;
  /** Entries whose size is only a lower bound. */
  #inexact = 0;

  at(index: number): TableEntry | undefined {
    if (index >= this.count) return undefined;
    return this.#ring[(this.#head - 1 - index) & (this.#ring.length - 1)];
  }
  insert(field: HeaderField | undefined, size: number): void {
    if (size > this.#capacity || size > MAX_KEPT) {
      // Not in the table, or in it and not kept: what is older is gone either way, and indices count from the newest.
      this.#empty(size > this.#capacity);
      return;
    }
    this.#evict(size);
    this.#push({ field, size });
  }
  resize(capacity: number): void {
    if (capacity === 0) this.#empty(true);
    this.#capacity = capacity;
    this.#evict(0);
  }
  begin(): void {
    this.#empty(true);
    this.#capacity = DEFAULT_CAPACITY;
  }
  lose(): void {
    this.#empty(false);
    this.#capacity = UNKNOWN;
  }

  #empty(complete: boolean): void {
    this.#ring = [];
    this.#head = 0;
    this.#size = 0;
    this.count = 0;
    this.#inexact = 0;
    this.complete = complete;
  }
  #push(entry: TableEntry): void {
    if (this.count === this.#ring.length) this.#grow();
    this.#ring[this.#head] = entry;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.count++;
    this.#size += entry.size;
    if (entry.field === undefined) this.#inexact++;
  }
  #grow(): void {
    const entries: (TableEntry | undefined)[] = [];
    for (let index = this.count - 1; index >= 0; index--) entries.push(this.at(index));
    const length = Math.max(16, this.#ring.length * 2);
    this.#head = entries.length;
    while (entries.length < length) entries.push(undefined);
    this.#ring = entries;
  }
  /** Makes room for `size` more. */
  #evict(size: number): void {
    const isCapacity = this.#capacity <= MAX_KEPT;
    const room = Math.min(this.#capacity, MAX_KEPT) - size;
    while (this.#size > room && this.count > 0) {
      // With exact sizes, what was there before the oldest that is known here has left before it.
      this.complete = isCapacity && (this.complete || this.#inexact === 0);
      const oldest = (this.#head - this.count) & (this.#ring.length - 1);
      const entry = this.#ring[oldest];
      this.#ring[oldest] = undefined;
      this.count--;
      this.#size -= entry?.size ?? 0;
      if (entry?.field === undefined) this.#inexact--;
    }
  }
}
