import type { IpAddress } from '../model/ip-address.ts';
import { ipFromWords, ipv4FromWord } from './ip.ts';
import type { AddressRange } from './prefix.ts';
import { gather, markNew, sortRows } from './radix-sort.ts';

/** Ranges of one family as columns of 32-bit words, most significant first: one for IPv4, four for IPv6. */
export interface RangeColumns {
  readonly length: number;
  readonly first: readonly Uint32Array[];
  readonly last: readonly Uint32Array[];
  /** An unsigned number that the caller attached to each range. */
  readonly value: Uint32Array;
}

/** Ranges of both families; a million of them cost 12 MB (IPv4) or 36 MB (IPv6). */
export interface RangeTable {
  readonly v4: RangeColumns;
  readonly v6: RangeColumns;
}

export interface RangeTableBuilder {
  add(range: AddressRange, value: number): void;
  /** The table so far, in arrays of exact size. */
  build(): RangeTable;
}

export function createRangeTable(): RangeTableBuilder {
  const v4 = createColumns(1);
  const v6 = createColumns(4);
  return {
    add: (range, value) => (range.first.family === 4 ? v4 : v6).push(range, value),
    build: () => ({ v4: v4.trim(), v6: v6.trim() }),
  };
}

function createColumns(width: 1 | 4) {
  let length = 0;
  // Columns 0..width-1 hold `first`, the next `last`, the final one `value`.
  let columns = Array.from({ length: 2 * width + 1 }, () => new Uint32Array(16));

  function set(column: number, word: number): void {
    const target = columns[column];
    if (target) target[length] = word;
  }
  function push({ first, last }: AddressRange, value: number): void {
    if (length === columns[0]?.length) columns = columns.map((column) => resized(column, length * 2));
    for (let i = 0; i < width; i++) {
      set(i, wordAt(first, 4 - width + i));
      set(width + i, wordAt(last, 4 - width + i));
    }
    set(2 * width, value);
    length++;
  }
  function trim(): RangeColumns {
    const exact = columns.map((column) => resized(column, length));
    const value = exact.pop() ?? new Uint32Array();
    return { length, first: exact.slice(0, width), last: exact.slice(width), value };
  }
  return { push, trim };
}

function resized(column: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(length);
  copy.set(column.subarray(0, Math.min(length, column.length)));
  return copy;
}

function wordAt(ip: IpAddress, index: number): number {
  if (index === 3) return ip.w3;
  if (index === 2) return ip.w2;
  return index === 1 ? ip.w1 : ip.w0;
}

/** Drops repeats of the same range (the first stays) and makes each value the range's id: IPv4 first, then IPv6. */
export function withoutDuplicates(table: RangeTable): {
  readonly table: RangeTable;
  readonly duplicates: number;
} {
  const v4 = unique(table.v4, 0);
  const v6 = unique(table.v6, v4.length);
  const duplicates = table.v4.length + table.v6.length - v4.length - v6.length;
  return { table: { v4, v6 }, duplicates };
}

function unique(columns: RangeColumns, firstId: number): RangeColumns {
  const words = [...columns.first, ...columns.last];
  const order = sortRows(columns.length, words);
  const isNew = markNew(order, words);
  // The sort is stable, so the first row of each run of equals came first in the table.
  const rows = order.filter((_, i) => isNew[i] === 1).sort();
  const pick = (column: Uint32Array) => gather(column, rows);
  const value = rows.map((_, i) => firstId + i);
  return { length: rows.length, first: columns.first.map(pick), last: columns.last.map(pick), value };
}

/** The range with this id in a table made by `withoutDuplicates`, or undefined. */
export function rangeById(table: RangeTable, id: number): AddressRange | undefined {
  if (id < table.v4.length) {
    return {
      first: ipv4FromWord(table.v4.first[0]?.[id] ?? 0),
      last: ipv4FromWord(table.v4.last[0]?.[id] ?? 0),
    };
  }
  const row = id - table.v4.length;
  if (row >= table.v6.length) return undefined;
  const words = (columns: readonly Uint32Array[]) => columns.map((column) => column[row] ?? 0);
  return { first: ipFromWords(words(table.v6.first)), last: ipFromWords(words(table.v6.last)) };
}
