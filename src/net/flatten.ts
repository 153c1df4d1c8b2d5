import { createMinHeap } from './min-heap.ts';
import { gather, markNew, sortRows } from './radix-sort.ts';
import type { RangeColumns } from './range-table.ts';

const NONE = 0xffffffff;

/**
 * Sorted, disjoint ranges that cover the same addresses; each carries the value of the smallest range
 * around it, of equal ones the first. O(n log n) by one sweep over all begins and ends; at most 2n - 1 results.
 *
 *     input   AAAAAAAAAA        output  AABBCCBBAA
 *               BBBBBB
 *                 CC
 */
export function flatten(ranges: RangeColumns): RangeColumns {
  const bySize = sortRows(ranges.length, sizes(ranges));
  const points = boundaries(ranges);
  const pieces = sweep(ranges.length, bySize, points);
  const words = points.slice(1);
  return {
    length: pieces.winner.length,
    first: words.map((column) => gather(column, pieces.start)),
    last: minusOne(words.map((column) => gather(column, pieces.end))),
    value: gather(ranges.value, pieces.winner),
  };
}

/** `last - first` of each range, as columns. */
function sizes({ length, first, last }: RangeColumns): Uint32Array[] {
  const result = first.map(() => new Uint32Array(length));
  for (let row = 0; row < length; row++) {
    let borrow = 0;
    for (let i = first.length - 1; i >= 0; i--) {
      const difference = (last[i]?.[row] ?? 0) - (first[i]?.[row] ?? 0) - borrow;
      borrow = difference < 0 ? 1 : 0;
      const column = result[i];
      if (column) column[row] = difference;
    }
  }
  return result;
}

/** Rows 0..n-1 are begins, n..2n-1 the places just after the ends; column 0 is the carry beyond the last address. */
function boundaries({ length, first, last }: RangeColumns): Uint32Array[] {
  const columns = [new Uint32Array(2 * length), ...first.map(() => new Uint32Array(2 * length))];
  for (const [i, column] of first.entries()) columns[i + 1]?.set(column);
  for (const [i, column] of last.entries()) columns[i + 1]?.set(column, length);
  for (let row = length; row < 2 * length; row++) {
    for (let i = columns.length - 1; i >= 0; i--) {
      const column = columns[i];
      if (!column) continue;
      column[row] = (column[row] ?? 0) + 1;
      if (column[row] !== 0) break;
    }
  }
  return columns;
}

interface Pieces {
  /** Rows of `points` where the piece begins, and where it has ended. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  /** The range that wins in this piece. */
  readonly winner: Uint32Array;
}

function sweep(count: number, bySize: Uint32Array, points: readonly Uint32Array[]): Pieces {
  const rank = new Uint32Array(count);
  for (let place = 0; place < count; place++) rank[bySize[place] ?? 0] = place;
  const order = sortRows(2 * count, points);
  const isNew = markNew(order, points);
  const active = createActiveSet(rank);
  const out = createPieces(2 * count);
  let open = NONE;
  let openAt = 0;
  for (let i = 0; i < order.length; ) {
    const at = order[i] ?? 0;
    do active.pass(order[i++] ?? 0);
    while (isNew[i] === 0);
    const best = active.best();
    if (best === open) continue;
    if (open !== NONE) out.add(openAt, at, bySize[open] ?? 0);
    open = best;
    openAt = at;
  }
  return out.trim();
}

/** The ranges around the place that the sweep has reached, by rank (0 is the smallest range). */
function createActiveSet(rank: Uint32Array) {
  const ended = new Uint8Array(rank.length);
  const heap = createMinHeap(rank.length);
  function pass(point: number): void {
    if (point < rank.length) heap.push(rank[point] ?? 0);
    else ended[rank[point - rank.length] ?? 0] = 1;
  }
  function best(): number {
    while (heap.size() > 0 && ended[heap.peek()] === 1) heap.pop();
    return heap.size() > 0 ? heap.peek() : NONE;
  }
  return { pass, best };
}

function createPieces(capacity: number) {
  const start = new Uint32Array(capacity);
  const end = new Uint32Array(capacity);
  const winner = new Uint32Array(capacity);
  let length = 0;
  function add(from: number, to: number, row: number): void {
    start[length] = from;
    end[length] = to;
    winner[length++] = row;
  }
  function trim(): Pieces {
    return { start: start.slice(0, length), end: end.slice(0, length), winner: winner.slice(0, length) };
  }
  return { add, trim };
}

/** A place just after an end becomes the end itself; from beyond the last address the borrow falls off the top. */
function minusOne(columns: Uint32Array[]): Uint32Array[] {
  const rows = columns[0]?.length ?? 0;
  for (let row = 0; row < rows; row++) {
    for (let i = columns.length - 1; i >= 0; i--) {
      const column = columns[i];
      if (!column) continue;
      const before = column[row] ?? 0;
      column[row] = before - 1;
      if (before !== 0) break;
    }
  }
  return columns;
}
