/**
 * A Map for hot tables whose entries come and go: same contract, insertion order too, as far as it goes. A Map is rebuilt
 * every so often, and leaves its former table behind; in the old generation that table keeps what was in it from dying young,
 * gone or not, and the collector of garbage moves all of it. Here the Map holds numbers of places, and a freed place is empty.
 */
export class SlotMap<K, V> {
  readonly #places = new Map<K, number>();
  readonly #values: (V | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#places.size;
  }

  /** Places that exist, free ones too: as many as were ever taken at a time. */
  get places(): number {
    return this.#values.length;
  }

  has(key: K): boolean {
    return this.#places.has(key);
  }

  get(key: K): V | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#values[place];
  }

  set(key: K, value: V): void {
    const place = this.#places.get(key);
    if (place === undefined) this.add(key, value);
    else this.#values[place] = value;
  }

  /** The same for a key that is known not to be there, which saves a look. */
  add(key: K, value: V): void {
    const free = this.#free;
    const place = free.length > 0 ? (free.pop() as number) : this.#values.length;
    this.#places.set(key, place);
    this.#values[place] = value;
  }

  /** False when there is none. */
  delete(key: K): boolean {
    const { size } = this.#places;
    this.take(key);
    return this.#places.size < size;
  }

  /** Deletes, and gives what there was. */
  take(key: K): V | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const value = this.#values[place];
    this.#places.delete(key);
    this.#values[place] = undefined;
    this.#free.push(place);
    return value;
  }

  clear(): void {
    this.#places.clear();
    this.#values.length = 0;
    this.#free.length = 0;
  }

  /** The key that was set first; deleting and setting anew makes it the last. */
  oldestKey(): K | undefined {
    return this.#places.keys().next().value;
  }

  *values(): IterableIterator<V> {
    for (const place of this.#places.values()) yield this.#values[place] as V;
  }
}
