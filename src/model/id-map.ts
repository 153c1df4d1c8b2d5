import { IdSlots } from './id-slots.ts';

/** A Map by ids (integers from 0 to 2^53) for hot tables whose entries come and go; see IdSlots. No order. */
export class IdMap<V> {
  readonly #slots = new IdSlots();
  readonly #values: (V | undefined)[] = [];

  get size(): number {
    return this.#slots.size;
  }

  get(id: number): V | undefined {
    const slot = this.#slots.slotOf(id);
    return slot === undefined ? undefined : this.#values[slot];
  }

  set(id: number, value: V): void {
    this.#values[this.#slots.add(id)] = value;
  }

  /** False when there is none. */
  delete(id: number): boolean {
    const slot = this.#slots.remove(id);
    if (slot === undefined) return false;
    this.#values[slot] = undefined;
    return true;
  }
}
