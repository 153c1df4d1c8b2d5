import type { IpAddress } from '../model/ip-address.ts';
import type { AddressRange } from './prefix.ts';

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
