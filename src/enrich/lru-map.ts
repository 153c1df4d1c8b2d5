import { createQueue, type QueueLink } from './queue.ts';

/** A map with a cap: the entry longest unused makes room. */
export interface LruMap<K, V> {
  /** Reading counts as use. */
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  readonly size: number;
}

interface Entry<K, V> extends QueueLink<Entry<K, V>> {
  readonly key: K;
  readonly value: V;
}

/** Creates an empty map. */
export function createLruMap<K, V>(maxEntries: number): LruMap<K, V> {
  const entries = new Map<K, Entry<K, V>>();
  const order = createQueue<Entry<K, V>>();

  function remove(entry: Entry<K, V> | undefined): void {
    if (entry === undefined) return;
    entries.delete(entry.key);
    order.remove(entry);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      order.remove(entry);
      order.push(entry);
      return entry.value;
    },
    set(key, value) {
      remove(entries.get(key));
      const entry: Entry<K, V> = { key, value, before: undefined, after: undefined };
      entries.set(key, entry);
      order.push(entry);
      if (entries.size > maxEntries) remove(order.first());
    },
    get size() {
      return entries.size;
    },
  };
}
