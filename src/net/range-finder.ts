import type { IpAddress } from '../model/ip-address.ts';
import type { AddressRange } from './prefix.ts';
import { gather } from './radix-sort.ts';
import { createV4Search, createV6Search } from './range-search.ts';
import { createRangeTable, type RangeColumns } from './range-table.ts';
import { indexRanges, sortedOrder } from './sorted-ranges.ts';

/** Places in `ranges` of those that hold the address, smallest first, at most `limit`. */
export type RangeFinder = (ip: IpAddress, limit: number) => readonly number[];

export function createRangeFinder(ranges: readonly AddressRange[]): RangeFinder {
  const table = createRangeTable();
  for (const [place, range] of ranges.entries()) table.add(range, place);
  const { v4, v6 } = table.build();
  const index = (columns: RangeColumns) => {
    const order = sortedOrder(columns);
    return { sorted: indexRanges(columns, order), places: gather(columns.value, order) };
  };
  const [four, six] = [index(v4), index(v6)];
  const [searchV4, searchV6] = [createV4Search(four.sorted), createV6Search(six.sorted)];
  return (ip, limit) => {
    const [search, { places }] = ip.family === 4 ? [searchV4, four] : [searchV6, six];
    return search.overlapping({ first: ip, last: ip }, limit).map((row) => places[row] ?? 0);
  };
}
