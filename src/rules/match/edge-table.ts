/** Edges of a trie: (node, symbol) to child. A hash table over typed arrays, 20 bytes per edge. */
export interface EdgeTable {
  /** The child, or -1. */
  get(node: number, symbol: number): number;
  /** The edge must not exist yet. */
  set(node: number, symbol: number, child: number): void;
  forEachChild(node: number, visit: (symbol: number, child: number) => void): void;
}

/** `capacity`: the most nodes there will be. */
export function createEdgeTable(capacity: number): EdgeTable {
  const size = 2 ** Math.ceil(Math.log2(capacity * 2 + 2));
  const mask = size - 1;
  /** Child in each place of the hash table; 0 is free, because the root is nobody's child. */
  const places = new Int32Array(size);
  const parents = new Int32Array(capacity);
  const symbols = new Int32Array(capacity);
  const firstChild = new Int32Array(capacity).fill(-1);
  const nextSibling = new Int32Array(capacity).fill(-1);

  function placeOf(node: number, symbol: number): number {
    let place = (Math.imul(node, 0x9e3779b1) ^ Math.imul(symbol + 1, 0x85ebca6b)) >>> 0;
    place = (place ^ (place >>> 15)) & mask;
    for (;;) {
      const child = places[place] ?? 0;
      if (child === 0 || (parents[child] === node && symbols[child] === symbol)) return place;
      place = (place + 1) & mask;
    }
  }

  return {
    get(node, symbol) {
      const child = places[placeOf(node, symbol)] ?? 0;
      return child === 0 ? -1 : child;
    },
    set(node, symbol, child) {
      places[placeOf(node, symbol)] = child;
      parents[child] = node;
      symbols[child] = symbol;
      nextSibling[child] = firstChild[node] ?? -1;
      firstChild[node] = child;
    },
    forEachChild(node, visit) {
      for (let child = firstChild[node] ?? -1; child >= 0; child = nextSibling[child] ?? -1)
        visit(symbols[child] ?? 0, child);
    },
  };
}
