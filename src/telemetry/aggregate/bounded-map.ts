import { evictOldest } from './evict-oldest.ts';

/** A map with a cap: what was set longest ago makes room. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined;
  /** Setting anew counts as new. */
  set(key: K, value: V): void;
  readonly size: number;
  /** Entries that had to make room. */
  readonly evicted: number;
}

/** Creates an empty map of at most `max` entries. */
export function createBoundedMap<K, V>(max: number): BoundedMap<K, V> {
  const entries = new Map<K, V>();
  let evicted = 0;
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      // Far from full, age decides nothing.
      if (2 * entries.size <= max && entries.get(key) === value) return;
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= max) return;
      evictOldest(entries, max, () => {
        evicted += 1;
      });
    },
    get size() {
      return entries.size;
    },
    get evicted() {
      return evicted;
    },
  };
}
