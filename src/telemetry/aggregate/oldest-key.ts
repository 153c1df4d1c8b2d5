/**
 * Gives the key that is longest in the map; the caller must delete it. Asking a map for its first key anew each time
 * steps over everything deleted before, which makes eviction quadratic: one iterator is kept instead.
 */
export function oldestKeyOf<K>(map: ReadonlyMap<K, unknown>): () => K | undefined {
  let keys = map.keys();
  return () => {
    const next = keys.next();
    if (next.done !== true) return next.value;
    // An iterator that has reached the end stays there.
    keys = map.keys();
    const first = keys.next();
    return first.done === true ? undefined : first.value;
  };
}
