/** Keys, so many at most. */
export class KeySet {
  readonly #limit: number;
  /** By the low bits of a key: one more than the key, 0 for none. Never more than half full. */
  readonly #keys: Float64Array;
  #size = 0;

  /** `limit` is a power of two. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#keys = new Float64Array(limit * 2);
  }

  get isFull(): boolean {
    return this.#size === this.#limit;
  }

  has(key: number): boolean {
    return this.#keys[this.#slotOf(key)] !== 0;
  }

  /** A key that is not there; there must be room. */
  add(key: number): void {
    this.#keys[this.#slotOf(key)] = key + 1;
    this.#size += 1;
  }

  clear(): void {
    this.#keys.fill(0);
    this.#size = 0;
  }

  /** Where a key is, or would be. */
  #slotOf(key: number): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let slot = key & mask;
    while (keys[slot] !== 0 && keys[slot] !== key + 1) slot = (slot + 1) & mask;
    return slot;
  }
}
