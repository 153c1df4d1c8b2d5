/** A binary heap of unsigned 32-bit numbers, smallest on top. */
export interface MinHeap {
  size(): number;
  /** The smallest; meaningless when empty. */
  peek(): number;
  push(item: number): void;
  pop(): void;
}

/** `capacity` is the most items it will ever hold at once. */
export function createMinHeap(capacity: number): MinHeap {
  const items = new Uint32Array(capacity);
  let size = 0;
  const get = (place: number) => items[place] ?? 0;

  function push(item: number): void {
    let place = size++;
    while (place > 0 && get((place - 1) >>> 1) > item) {
      items[place] = get((place - 1) >>> 1);
      place = (place - 1) >>> 1;
    }
    items[place] = item;
  }
  function pop(): void {
    if (size === 0) return;
    const item = get(--size);
    let place = 0;
    for (let child = 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && get(child + 1) < get(child)) child++;
      if (get(child) >= item) break;
      items[place] = get(child);
      place = child;
    }
    items[place] = item;
  }
  return { size: () => size, peek: () => get(0), push, pop };
}
