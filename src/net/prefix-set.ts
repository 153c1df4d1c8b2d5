import { TelegenError } from '../model/errors.ts';
import type { IpAddress } from '../model/ip-address.ts';
import { flatten } from './flatten.ts';
import { type AddressRange, parseNetwork } from './prefix.ts';
import { createRangeTable, type RangeColumns, type RangeTable } from './range-table.ts';

/** Immutable set of prefixes and ranges. */
export interface PrefixSet {
  /** Value of the most specific range that holds the address, or undefined. */
  lookup(ip: IpAddress): number | undefined;
  has(ip: IpAddress): boolean;
}

/** Below this many intervals a plain binary search is as fast as the index that costs 256 KiB. */
const INDEX_FROM = 1024;

/** Builds in O(n log n); a lookup is a binary search behind a 64K first-level index (IPv4) and allocates nothing. */
export function buildPrefixSet(table: RangeTable): PrefixSet {
  const searchV4 = createV4Search(flatten(table.v4));
  const searchV6 = createV6Search(flatten(table.v6));
  const lookup = (ip: IpAddress) => (ip.family === 4 ? searchV4(ip.w3) : searchV6(ip));
  return { lookup, has: (ip) => lookup(ip) !== undefined };
}

/** Set of a few ranges; the value of each is its place in the array. */
export function prefixSetOf(ranges: readonly AddressRange[]): PrefixSet {
  const builder = createRangeTable();
  for (const [place, range] of ranges.entries()) builder.add(range, place);
  return buildPrefixSet(builder.build());
}

/** Set of addresses, CIDRs and ranges in text; throws TELEGEN_CONFIG naming `what` and the first bad one. */
export function parsePrefixSet(texts: readonly string[], what: string): PrefixSet {
  const ranges = texts.map((text) => {
    const parsed = parseNetwork(text);
    if (!parsed.ok) throw new TelegenError('TELEGEN_CONFIG', `${what}: "${text}": ${parsed.reason}`);
    return parsed.range;
  });
  return prefixSetOf(ranges);
}

function createV4Search({ length, first, last, value }: RangeColumns): (word: number) => number | undefined {
  const [begins = new Uint32Array()] = first;
  const [ends = new Uint32Array()] = last;
  const index = length >= INDEX_FROM ? firstLevelIndex(begins) : undefined;
  return (word) => {
    let low = index ? (index[word >>> 16] ?? 0) : 0;
    let high = index ? (index[(word >>> 16) + 1] ?? 0) : length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((begins[middle] ?? 0) > word) high = middle;
      else low = middle + 1;
    }
    const hit = low - 1;
    return hit >= 0 && word <= (ends[hit] ?? 0) ? value[hit] : undefined;
  };
}

/** `index[h]`: how many intervals begin below `h << 16`. */
function firstLevelIndex(begins: Uint32Array): Uint32Array {
  const index = new Uint32Array(0x10001);
  let passed = 0;
  for (let h = 0; h < index.length; h++) {
    while (passed < begins.length && (begins[passed] ?? 0) < h * 0x10000) passed++;
    index[h] = passed;
  }
  return index;
}

function createV6Search({ length, first, last, value }: RangeColumns): (ip: IpAddress) => number | undefined {
  const isAbove = wordComparer(first);
  const endsAbove = wordComparer(last);
  return (ip) => {
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isAbove(middle, ip) > 0) high = middle;
      else low = middle + 1;
    }
    const hit = low - 1;
    return hit >= 0 && endsAbove(hit, ip) >= 0 ? value[hit] : undefined;
  };
}

/** Compares a row of four columns with an address: negative, 0 or positive. */
function wordComparer(columns: readonly Uint32Array[]): (row: number, ip: IpAddress) => number {
  const empty = new Uint32Array();
  const [c0 = empty, c1 = empty, c2 = empty, c3 = empty] = columns;
  return (row, ip) =>
    (c0[row] ?? 0) - ip.w0 || (c1[row] ?? 0) - ip.w1 || (c2[row] ?? 0) - ip.w2 || (c3[row] ?? 0) - ip.w3;
}
