import type { IpAddress } from '../model/ip-address.ts';
import { compareIps, ipEquals } from './ip.ts';
import type { AddressRange } from './prefix.ts';

/** Streams of ranges of one family. "In order": by the first address. "Apart": in order, with addresses between each and the next. */

/** All ranges of streams in order, in order. */
export function* mergeRanges(streams: readonly Iterable<AddressRange>[]): Generator<AddressRange> {
  const open = streams.map((stream) => headed(stream[Symbol.iterator]())).filter((each) => each.head);
  while (open.length > 1) {
    const least = earliest(open);
    yield least.head as AddressRange;
    advance(least);
    if (least.head === undefined) open.splice(open.indexOf(least), 1);
  }
  for (const last of open) for (; last.head !== undefined; advance(last)) yield last.head;
}

interface Headed {
  readonly rest: Iterator<AddressRange>;
  head: AddressRange | undefined;
}

function headed(rest: Iterator<AddressRange>): Headed {
  const stream: Headed = { rest, head: undefined };
  advance(stream);
  return stream;
}

function advance(stream: Headed): void {
  const next = stream.rest.next();
  stream.head = next.done === true ? undefined : next.value;
}

function earliest(open: readonly Headed[]): Headed {
  let least = open[0] as Headed;
  for (const each of open)
    if (each.head && least.head && compareIps(each.head.first, least.head.first) < 0) least = each;
  return least;
}

/** Ranges in order, joined where they overlap or touch: the result lies apart. */
export function* uniteRanges(ranges: Iterable<AddressRange>): Generator<AddressRange> {
  let before: AddressRange | undefined;
  for (const range of ranges) {
    if (before === undefined) before = range;
    else if (!reaches(before.last, range.first)) {
      yield before;
      before = range;
    } else if (compareIps(before.last, range.last) < 0) before = { first: before.first, last: range.last };
  }
  if (before !== undefined) yield before;
}

/** What is in `ranges` and not in `without`; both lie apart, as does the result. */
export function* subtractRanges(
  ranges: Iterable<AddressRange>,
  without: Iterable<AddressRange>,
): Generator<AddressRange> {
  const holes = without[Symbol.iterator]();
  let hole = holes.next();
  for (const range of ranges) {
    let { first } = range;
    let isOver = false;
    while (hole.done !== true && compareIps(hole.value.last, first) < 0) hole = holes.next();
    while (!isOver && hole.done !== true && compareIps(hole.value.first, range.last) <= 0) {
      if (compareIps(first, hole.value.first) < 0) yield { first, last: previousIp(hole.value.first) };
      // The hole may go on into the next range.
      isOver = compareIps(hole.value.last, range.last) >= 0;
      if (isOver) break;
      first = nextIp(hole.value.last);
      hole = holes.next();
    }
    if (!isOver) yield { first, last: range.last };
  }
}

/** Whether nothing lies between the end of one range and the begin of the next. */
function reaches(end: IpAddress, begin: IpAddress): boolean {
  if (end.family !== begin.family) return false;
  return compareIps(begin, end) <= 0 || ipEquals(nextIp(end), begin);
}

/** The address after; the one after the last of its family is the first. */
export function nextIp({ family, w0, w1, w2, w3 }: IpAddress): IpAddress {
  const n3 = (w3 + 1) >>> 0;
  if (family === 4) return { family, w0, w1, w2, w3: n3 };
  const n2 = n3 === 0 ? (w2 + 1) >>> 0 : w2;
  const n1 = n3 === 0 && n2 === 0 ? (w1 + 1) >>> 0 : w1;
  const n0 = n3 === 0 && n2 === 0 && n1 === 0 ? (w0 + 1) >>> 0 : w0;
  return { family, w0: n0, w1: n1, w2: n2, w3: n3 };
}

/** The address before; the one before the first of its family is the last. */
export function previousIp({ family, w0, w1, w2, w3 }: IpAddress): IpAddress {
  const n3 = (w3 - 1) >>> 0;
  if (family === 4) return { family, w0, w1, w2, w3: n3 };
  const n2 = w3 === 0 ? (w2 - 1) >>> 0 : w2;
  const n1 = w3 === 0 && w2 === 0 ? (w1 - 1) >>> 0 : w1;
  const n0 = w3 === 0 && w2 === 0 && w1 === 0 ? (w0 - 1) >>> 0 : w0;
  return { family, w0: n0, w1: n1, w2: n2, w3: n3 };
}
