import type { KernelTable } from './kernel-table.ts';

/** Windows of silence after which an entry may go when its table fills up. */
export const IDLE_WINDOWS = 10;

/** What is kept of one entry of a kernel table between two readings. */
export interface Entry {
  /** Its bytes, as text. */
  readonly key: string;
  readonly ifindex: number;
  /** It is removed with its interface only. */
  readonly isFixed?: boolean;
  /** Window in which it last changed. */
  changed: number;
  /** Window in which it was last there. */
  read: number;
}

/** What a table says of an entry that it meets for the first time. */
export type Met<T extends Entry> = Omit<T, 'key' | 'changed' | 'read'>;

/** The entries of a kernel table as they were read last, and which of them go. */
export class Retention<T extends Entry> {
  readonly #table: KernelTable;
  readonly #kept = new Map<string, T>();
  #window = 0;

  constructor(table: KernelTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Begins a window; returns how many entries there are. */
  begin(): number {
    this.#window += 1;
    return this.#table.read();
  }

  /** What is kept of the entry at a place; `make` when it is met for the first time. */
  at(place: number, make: (place: number) => Met<T>): T {
    const key = this.#table.keyText(place);
    let entry = this.#kept.get(key);
    if (entry === undefined) {
      entry = Object.assign(make(place), { key, changed: this.#window, read: this.#window }) as T;
      this.#kept.set(key, entry);
    }
    entry.read = this.#window;
    return entry;
  }

  changed(entry: T): void {
    entry.changed = this.#window;
  }

  /**
   * Ends a window. New entries must find room: when half of the table is in use, those go that were silent for a while;
   * at seven eighths all that were silent in this window.
   */
  end(): void {
    for (const [key, { read }] of this.#kept) if (read !== this.#window) this.#kept.delete(key);
    const { entries } = this.#table;
    if (this.#kept.size <= entries / 2) return;
    const patience = this.#kept.size > (entries * 7) / 8 ? 1 : IDLE_WINDOWS;
    this.#remove((entry) => entry.isFixed !== true && this.#window - entry.changed >= patience);
  }

  removeInterface(ifindex: number): void {
    this.#remove((entry) => entry.ifindex === ifindex);
  }

  #remove(goes: (entry: T) => boolean): void {
    const keys = [...this.#kept].flatMap(([key, entry]) => (goes(entry) ? [key] : []));
    this.#table.remove(keys);
    for (const key of keys) this.#kept.delete(key);
  }
}
