import type { IpAddress } from '../model/ip-address.ts';
import { ipFromWords, ipv4FromWord } from './ip.ts';
import type { AddressRange } from './prefix.ts';
import type { FirstLevel, SortedRanges } from './sorted-ranges.ts';

/** Searches the ranges of one family. */
export interface RangeSearch {
  /** A row that holds the address, or -1. Allocates nothing. */
  readonly find: (ip: IpAddress) => number;
  /** Rows that share an address with `range`, narrow ones first; the search ends after `limit`. */
  overlapping(range: AddressRange, limit: number): readonly number[];
  /** The range of a row. */
  rangeOf(row: number): AddressRange;
}

export function createV4Search({ length, first, last, outer, index }: SortedRanges): RangeSearch {
  const [begins = new Uint32Array()] = first;
  const [ends = new Uint32Array()] = last;

  /** The last row that begins at or below the address, or -1. */
  function below(word: number): number {
    let low = 0;
    let high = length;
    if (index.places.length > 0) {
      const bucket = bucketOf(index, word);
      if (bucket < 0) return -1;
      low = index.places[bucket] ?? length;
      high = index.places[bucket + 1] ?? length;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((begins[middle] ?? 0) > word) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }
  function find({ w3 }: IpAddress): number {
    let row = below(w3);
    while (row >= 0 && (ends[row] ?? 0) < w3) row = (outer[row] ?? 0) - 1;
    return row;
  }
  return {
    find,
    overlapping(range, limit) {
      const wanted = range.first.w3;
      const reaches = (row: number) => (ends[row] ?? 0) >= wanted;
      return collect({ from: below(range.last.w3), outer, reaches, limit }).toSorted(
        (a, b) => sizeOf(begins, ends, a) - sizeOf(begins, ends, b),
      );
    },
    rangeOf: (row) => ({ first: ipv4FromWord(begins[row] ?? 0), last: ipv4FromWord(ends[row] ?? 0) }),
  };
}

export function createV6Search({ length, first, last, outer, index }: SortedRanges): RangeSearch {
  const fromBegin = wordComparer(first);
  const fromEnd = wordComparer(last);

  function below(ip: IpAddress): number {
    let low = 0;
    let high = length;
    if (index.places.length > 0) {
      const outside = beyondSharedWords(ip);
      if (outside !== 0) return outside < 0 ? length - 1 : -1;
      const bucket = bucketOf(index, wordOf(ip, index.word));
      if (bucket < 0) return -1;
      low = index.places[bucket] ?? length;
      high = index.places[bucket + 1] ?? length;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (fromBegin(middle, ip) > 0) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }
  /** Compares the words that all rows share, those before the indexed one, with the address. */
  function beyondSharedWords(ip: IpAddress): number {
    for (let word = 0; word < index.word; word++) {
      const difference = (first[word]?.[0] ?? 0) - wordOf(ip, word);
      if (difference !== 0) return difference;
    }
    return 0;
  }
  function rangeOf(row: number): AddressRange {
    const words = (columns: readonly Uint32Array[]) => columns.map((column) => column[row] ?? 0);
    return { first: ipFromWords(words(first)), last: ipFromWords(words(last)) };
  }
  return {
    find(ip) {
      let row = below(ip);
      while (row >= 0 && fromEnd(row, ip) < 0) row = (outer[row] ?? 0) - 1;
      return row;
    },
    overlapping(range, limit) {
      const reaches = (row: number) => fromEnd(row, range.first) >= 0;
      const rows = collect({ from: below(range.last), outer, reaches, limit });
      return rows
        .map((row) => ({ row, size: v6Size(rangeOf(row)) }))
        .sort((a, b) => (a.size < b.size ? -1 : Number(a.size > b.size)))
        .map(({ row }) => row);
    },
    rangeOf,
  };
}

/** The bucket of a word; beyond the last one the number of buckets, below the first -1. */
function bucketOf({ base, shift, places }: FirstLevel, word: number): number {
  const from = base >>> 0;
  return word < from ? -1 : Math.min((word - from) >>> shift, places.length - 1);
}

interface Walk {
  readonly from: number;
  readonly outer: Uint32Array;
  readonly reaches: (row: number) => boolean;
  readonly limit: number;
}

/** All rows at or before `from` that reach far enough. Where one does not, neither do those up to its outer row. */
function collect({ from, outer, reaches, limit }: Walk): number[] {
  const rows: number[] = [];
  for (let row = from; row >= 0 && rows.length < limit; ) {
    if (reaches(row)) rows.push(row--);
    else row = (outer[row] ?? 0) - 1;
  }
  return rows;
}

function sizeOf(begins: Uint32Array, ends: Uint32Array, row: number): number {
  return (ends[row] ?? 0) - (begins[row] ?? 0);
}

function v6Size({ first, last }: AddressRange): bigint {
  return asNumber(last) - asNumber(first);
}

function asNumber({ w0, w1, w2, w3 }: IpAddress): bigint {
  return [w0, w1, w2, w3].reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
}

function wordOf(ip: IpAddress, word: number): number {
  if (word === 0) return ip.w0;
  if (word === 1) return ip.w1;
  return word === 2 ? ip.w2 : ip.w3;
}

/** Compares a row of four columns with an address: negative, 0 or positive. */
function wordComparer(columns: readonly Uint32Array[]): (row: number, ip: IpAddress) => number {
  const empty = new Uint32Array();
  const [c0 = empty, c1 = empty, c2 = empty, c3 = empty] = columns;
  return (row, ip) =>
    (c0[row] ?? 0) - ip.w0 || (c1[row] ?? 0) - ip.w1 || (c2[row] ?? 0) - ip.w2 || (c3[row] ?? 0) - ip.w3;
}
