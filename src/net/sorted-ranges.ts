import { gather, sortRows } from './radix-sort.ts';
import type { RangeColumns } from './range-table.ts';

/**
 * Ranges of one family in order of `first`, wider ones before narrower ones, with what a search needs. Plain typed
 * arrays: they move between threads without being copied.
 */
export interface SortedRanges {
  readonly length: number;
  readonly first: readonly Uint32Array<ArrayBuffer>[];
  readonly last: readonly Uint32Array<ArrayBuffer>[];
  /** For each row, 1 + the nearest earlier row that ends later; 0 for none. Empty when no row has one. */
  readonly outer: Uint32Array<ArrayBuffer>;
  /** Longest chain of `outer`: the most rows that a failed search steps through. */
  readonly depth: number;
  readonly index: FirstLevel;
}

/** `places[b]`: rows below bucket `b`, where the bucket of a row is its word `word`, less `base`, shifted right. */
export interface FirstLevel {
  readonly word: number;
  /**
   * As a signed number: where some are beyond 2^31 and others 0, V8 (Node 24) was seen to give one index the base of another.
   */
  readonly base: number;
  readonly shift: number;
  readonly places: Uint32Array<ArrayBuffer>;
}

/** Below this many rows a plain binary search is as fast as an index of up to 256 KiB. */
const INDEX_FROM = 1024;
const MAX_BUCKETS = 0x10000;

/** Order of the rows by `first` ascending, then `last` descending; rows of the same range stay in their order. */
export function sortedOrder({ length, first, last }: RangeColumns): Uint32Array {
  const isSingle = first.every((column, word) => sameColumn(column, last[word], length));
  const inverted = isSingle ? [] : last.map((column) => column.map((word) => ~word));
  return sortRows(length, [...first, ...inverted]);
}

function sameColumn(a: Uint32Array, b: Uint32Array | undefined, length: number): boolean {
  for (let row = 0; row < length; row++) if (a[row] !== b?.[row]) return false;
  return true;
}

/** `order`: the rows to take, as `sortedOrder` put them. */
export function indexRanges(ranges: RangeColumns, order: Uint32Array): SortedRanges {
  const first = ranges.first.map((column) => gather(column, order));
  const last = ranges.last.map((column) => gather(column, order));
  const length = order.length;
  return { length, first, last, ...outerRows(last, length), index: firstLevel(first, length) };
}

function outerRows(last: readonly Uint32Array[], length: number) {
  const outer = new Uint32Array(length);
  // Rows that are not yet ended before the current one, each ending later than the next.
  const open = new Uint32Array(length);
  let top = 0;
  let depth = 0;
  for (let row = 0; row < length; row++) {
    while (top > 0 && compareRows(last, open[top - 1] ?? 0, row) <= 0) top--;
    outer[row] = top > 0 ? (open[top - 1] ?? 0) + 1 : 0;
    open[top++] = row;
    if (top > depth) depth = top;
  }
  return { outer: depth > 1 ? outer : new Uint32Array(), depth };
}

function compareRows(columns: readonly Uint32Array[], a: number, b: number): number {
  for (const column of columns) {
    const difference = (column[a] ?? 0) - (column[b] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Over the first word in which rows differ, cut into equal parts between the least and the greatest: at most `maxBuckets`, a
 * power of two.
 */
export function firstLevel(
  first: readonly Uint32Array[],
  length: number,
  maxBuckets = MAX_BUCKETS,
): FirstLevel {
  const none = { word: 0, base: 0, shift: 0, places: new Uint32Array() };
  if (length < INDEX_FROM) return none;
  const word = first.findIndex((words) => words[0] !== words[length - 1]);
  const column = first[word];
  if (!column) return none;
  const base = column[0] ?? 0;
  const span = (column[length - 1] ?? 0) - base;
  const shift = Math.max(0, 32 - Math.clz32(span) - Math.log2(maxBuckets));
  const places = new Uint32Array(Math.min(maxBuckets, (span >>> shift) + 1) + 1);
  for (let row = 0; row < length; row++) {
    const bucket = ((column[row] ?? 0) - base) >>> shift;
    places[bucket + 1] = row + 1;
  }
  for (let bucket = 1; bucket < places.length; bucket++) {
    if (places[bucket] === 0) places[bucket] = places[bucket - 1] ?? 0;
  }
  return { word, base: base | 0, shift, places };
}

/** The typed arrays of `ranges`, to be moved to another thread. */
export function buffersOf({ first, last, outer, index }: SortedRanges): ArrayBuffer[] {
  return [...first, ...last, outer, index.places].map((column) => column.buffer);
}

/** Ends of a row, as words. */
export function rangeWords(ranges: SortedRanges, row: number): { first: number[]; last: number[] } {
  const words = (columns: readonly Uint32Array[]) => columns.map((column) => column[row] ?? 0);
  return { first: words(ranges.first), last: words(ranges.last) };
}
