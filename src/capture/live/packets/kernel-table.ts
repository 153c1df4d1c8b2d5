import type { BpfObject } from '../../addon.ts';
import { type RecordView, viewOf } from '../../record-view.ts';

export interface TableShape {
  readonly map: string;
  readonly entries: number;
  readonly keySize: number;
  /** Of one CPU's value. */
  readonly valueSize: number;
  /** Values per entry: CPUs of a per-CPU map, else 1. */
  readonly copies?: number;
}

/** Entries that are read at once, beyond what was there the time before. */
const SLACK = 512;

/** Reads a hash map of the kernel whole, again and again, into buffers that grow with it. */
export class KernelTable {
  readonly #object: BpfObject;
  readonly #shape: Required<TableShape>;
  #keys: Buffer;
  #room: number;
  /** As of the last read(): keys one behind the other, and values likewise. */
  keys: RecordView;
  values: RecordView;

  constructor(object: BpfObject, shape: TableShape) {
    this.#object = object;
    this.#shape = { copies: 1, ...shape };
    this.#room = Math.min(SLACK, shape.entries);
    [this.#keys, this.keys, this.values] = this.#buffers();
  }

  /** Bytes from one value to the next. */
  get stride(): number {
    return this.#shape.valueSize * this.#shape.copies;
  }

  get keySize(): number {
    return this.#shape.keySize;
  }

  get entries(): number {
    return this.#shape.entries;
  }

  #buffers(): [Buffer, RecordView, RecordView] {
    const keys = new ArrayBuffer(this.#room * this.#shape.keySize);
    return [Buffer.from(keys), viewOf(keys), viewOf(new ArrayBuffer(this.#room * this.stride))];
  }

  /** Returns how many entries there are. */
  read(): number {
    for (;;) {
      const count = this.#object.mapLookupBatch(this.#shape.map, this.keys.u8, this.values.u8);
      // A bucket that finds no room ends the reading early: with room to spare nothing was left out.
      if (this.#room - count > SLACK / 2 || this.#room >= this.entries + SLACK) return count;
      this.#room = Math.min(this.#room * 2 + SLACK, this.entries + SLACK);
      [this.#keys, this.keys, this.values] = this.#buffers();
    }
  }

  /** The key at a place, as text that can be compared and looked up. */
  keyText(place: number): string {
    const at = place * this.#shape.keySize;
    return this.#keys.toString('latin1', at, at + this.#shape.keySize);
  }

  /** Removes entries by the text of their keys. */
  remove(keys: readonly string[]): void {
    if (keys.length > 0) this.#object.mapDeleteBatch(this.#shape.map, Buffer.from(keys.join(''), 'latin1'));
  }
}
