/** One in so many goes at a time. */
const SHARE = 64;

/**
 * Removes the first entries of a map that is full, `max / 64` at once and one at least; `gone` is told of each. Asking a map
 * for its first entry steps over everything deleted before it, so one at a time would be quadratic; an iterator that is kept for
 * the next time instead keeps every hash table alive that the map has outgrown since.
 */
export function evictOldest<K, V>(
  map: Map<K, V>,
  max: number,
  gone: (value: V, key: K) => void = () => {},
): void {
  let left = Math.max(1, Math.floor(max / SHARE));
  for (const [key, value] of map) {
    map.delete(key);
    gone(value, key);
    left -= 1;
    if (left === 0) return;
  }
}
