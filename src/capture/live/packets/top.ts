/** Of each list in a window. */
export const TOP_SIZE = 20;

/** The largest of many, by weight. */
export interface Top<T> {
  /** `make` is called only when it is among the largest so far. */
  offer(weight: number, make: () => T): void;
  /** The largest first; of equals the one that came first. */
  list(): readonly T[];
}

/** Keeps `size` items in order: for small sizes and many offers, most of which leave at the first line. */
export function createTop<T>(size: number): Top<T> {
  const items: { readonly weight: number; readonly item: T }[] = [];
  return {
    offer(weight, make) {
      const last = items.at(-1);
      if (items.length >= size && last !== undefined && weight <= last.weight) return;
      const place = items.findIndex((other) => other.weight < weight);
      items.splice(place < 0 ? items.length : place, 0, { weight, item: make() });
      if (items.length > size) items.pop();
    },
    list: () => items.map(({ item }) => item),
  };
}
