import { SlotMap } from '../../model/slot-map.ts';
import { type Linked, Recency } from './recency.ts';

/** A map with a cap: what was set longest ago makes room. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined;
  /** Setting anew counts as new. */
  set(key: K, value: V): void;
  values(): Iterable<V>;
  readonly size: number;
  /** Entries that had to make room. */
  readonly evicted: number;
}

interface Entry<K, V> extends Linked<Entry<K, V>> {
  readonly key: K;
  value: V;
}

/** Creates an empty map of at most `max` entries. */
export function createBoundedMap<K, V>(max: number): BoundedMap<K, V> {
  const entries = new SlotMap<K, Entry<K, V>>();
  const recency = new Recency<Entry<K, V>>();
  let evicted = 0;

  function evictOldest(): void {
    const { oldest } = recency;
    if (oldest === undefined) return;
    recency.remove(oldest);
    entries.delete(oldest.key);
    evicted += 1;
  }

  return {
    get: (key) => entries.get(key)?.value,
    set(key, value) {
      const known = entries.get(key);
      if (known !== undefined) {
        known.value = value;
        recency.touch(known);
        return;
      }
      const entry = { key, value, older: undefined, newer: undefined };
      entries.set(key, entry);
      recency.add(entry);
      if (entries.size > max) evictOldest();
    },
    values: () => [...entries.values()].map(({ value }) => value),
    get size() {
      return entries.size;
    },
    get evicted() {
      return evicted;
    },
  };
}
