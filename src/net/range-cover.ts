import { compareIps } from './ip.ts';
import type { AddressRange } from './prefix.ts';
import { uniteRanges } from './range-streams.ts';

/** A few ranges, united; for checking whole ranges against them. */
export interface RangeCover {
  /** Whether every address of the range is in the cover. */
  covers(range: AddressRange): boolean;
  /** Whether any is. */
  touches(range: AddressRange): boolean;
}

export function createRangeCover(ranges: readonly AddressRange[]): RangeCover {
  const united = [...uniteRanges(ranges.toSorted((a, b) => compareIps(a.first, b.first)))];
  const v4 = united.filter(({ first }) => first.family === 4);
  const v6 = united.filter(({ first }) => first.family === 6);
  const ofFamily = ({ first }: AddressRange) => (first.family === 4 ? v4 : v6);
  return {
    covers: (range) =>
      ofFamily(range).some(
        ({ first, last }) => compareIps(first, range.first) <= 0 && compareIps(range.last, last) <= 0,
      ),
    touches: (range) =>
      ofFamily(range).some(
        ({ first, last }) => compareIps(first, range.last) <= 0 && compareIps(range.first, last) <= 0,
      ),
  };
}
