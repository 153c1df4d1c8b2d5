import type { BpfObject } from '../../addon.ts';
import { type RecordView, viewOf } from '../../record-view.ts';
import { type Entry, IDLE_WINDOWS, type Met } from './retention.ts';

export interface NearShape {
  readonly map: string;
  readonly slotSize: number;
  readonly keyAt: number;
  readonly keySize: number;
  /** Offset of the 64 bits that are zero while the slot is free. */
  readonly markAt: number;
  /** What their lower half is while it is in use; absent: anything but zero. */
  readonly used?: number;
}

const WORD = 4;

/** Slots in memory that the kernel side counts in (bpf/include/telegen/packet_near.h). Those that were silent for a while are freed. */
export class NearTable<T extends Entry> {
  readonly view: RecordView;
  readonly #shape: NearShape;
  readonly #bytes: Buffer;
  readonly #marks: BigUint64Array;
  /** By slot, what is there; of a key that has gone until another one is met. */
  readonly #kept: (T | undefined)[];
  #window = 0;
  #size = 0;

  constructor(object: BpfObject, shape: NearShape) {
    const memory = object.mapMemory(shape.map);
    this.view = viewOf(memory);
    this.#shape = shape;
    this.#bytes = Buffer.from(memory);
    this.#marks = new BigUint64Array(memory);
    this.#kept = Array.from({ length: Math.floor(memory.byteLength / shape.slotSize) }, () => undefined);
  }

  /** Slots in use at the last reading. */
  get size(): number {
    return this.#size;
  }

  /**
   * Begins a window and goes through what is in use. `meet` describes a key that is new to its slot; `take` tells whether it has
   * changed. Both get the offset of the slot in `view`.
   */
  read(meet: (at: number) => Met<T>, take: (entry: T, at: number) => boolean): void {
    this.#window += 1;
    this.#size = 0;
    for (let slot = 0; slot < this.#kept.length; slot++) {
      if (!this.#isUsed(slot)) continue;
      this.#size += 1;
      const entry = this.#at(slot, meet);
      if (take(entry, slot * this.#shape.slotSize)) entry.changed = this.#window;
      else if (this.#window - entry.changed >= IDLE_WINDOWS) this.#free(slot);
    }
  }

  removeInterface(ifindex: number): void {
    for (let slot = 0; slot < this.#kept.length; slot++)
      if (this.#kept[slot]?.ifindex === ifindex && this.#isUsed(slot)) this.#free(slot);
  }

  #isUsed(slot: number): boolean {
    const { slotSize, markAt, used } = this.#shape;
    const mark = this.view.u32[(slot * slotSize + markAt) / WORD] as number;
    return used === undefined ? mark !== 0 : mark === used;
  }

  #at(slot: number, meet: (at: number) => Met<T>): T {
    const { slotSize, keyAt, keySize } = this.#shape;
    const at = slot * slotSize;
    const key = this.#bytes.toString('latin1', at + keyAt, at + keyAt + keySize);
    const kept = this.#kept[slot];
    if (kept?.key === key) return kept;
    const entry = Object.assign(meet(at), { key, changed: this.#window, read: this.#window }) as T;
    this.#kept[slot] = entry;
    return entry;
  }

  #free(slot: number): void {
    const { slotSize, markAt } = this.#shape;
    this.#marks[(slot * slotSize + markAt) / (2 * WORD)] = 0n;
    this.#kept[slot] = undefined;
  }
}
