import type { IpAddress } from '../model/ip-address.ts';
import { compareIps, ipEquals } from './ip.ts';
import type { AddressRange } from './prefix.ts';

/** A few ranges, united; for checking whole ranges against them. */
export interface RangeCover {
  /** Whether every address of the range is in the cover. */
  covers(range: AddressRange): boolean;
  /** Whether any is. */
  touches(range: AddressRange): boolean;
}

export function createRangeCover(ranges: readonly AddressRange[]): RangeCover {
  const united = unite(ranges);
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

/** Sorted and disjoint, neighbours joined. */
function unite(ranges: readonly AddressRange[]): AddressRange[] {
  const united: AddressRange[] = [];
  for (const range of ranges.toSorted((a, b) => compareIps(a.first, b.first))) {
    const before = united.at(-1);
    if (before && reaches(before.last, range.first)) {
      united.pop();
      united.push({
        first: before.first,
        last: compareIps(before.last, range.last) < 0 ? range.last : before.last,
      });
    } else united.push(range);
  }
  return united;
}

/** Whether nothing lies between the end of one range and the begin of the next. */
function reaches(end: IpAddress, begin: IpAddress): boolean {
  if (end.family !== begin.family) return false;
  return compareIps(begin, end) <= 0 || ipEquals(next(end), begin);
}

/** The address after; the one after the last of its family is the first. */
function next({ family, w0, w1, w2, w3 }: IpAddress): IpAddress {
  const n3 = (w3 + 1) >>> 0;
  if (family === 4) return { family, w0, w1, w2, w3: n3 };
  const n2 = n3 === 0 ? (w2 + 1) >>> 0 : w2;
  const n1 = n3 === 0 && n2 === 0 ? (w1 + 1) >>> 0 : w1;
  const n0 = n3 === 0 && n2 === 0 && n1 === 0 ? (w0 + 1) >>> 0 : w0;
  return { family, w0: n0, w1: n1, w2: n2, w3: n3 };
}
