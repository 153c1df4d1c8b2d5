import type { IpAddress } from '../../model/ip-address.ts';
import type { AddressRange } from '../../net/prefix.ts';

/** Tells which of many networks hold an address. */
export interface CidrIndex {
  /** Numbers of all networks that hold the address. */
  lookup(ip: IpAddress): readonly number[];
}

const NONE: readonly number[] = [];

/** Networks may lie in each other; the numbers are those of the callers. Look-ups are a binary search. */
export function buildCidrIndex(ranges: readonly (readonly [AddressRange, number])[]): CidrIndex {
  const v4 = buildFamily(ranges.filter(([range]) => range.first.family === 4));
  const v6 = buildFamily(ranges.filter(([range]) => range.first.family === 6));
  return { lookup: (ip) => (ip.family === 4 ? v4 : v6)(ip) };
}

interface Edge {
  readonly key: string;
  readonly opens: boolean;
  readonly number: number;
}

/** Splits the address space where a network begins or ends; networks nest at most as deep as addresses have bits. */
function buildFamily(
  ranges: readonly (readonly [AddressRange, number])[],
): (ip: IpAddress) => readonly number[] {
  if (ranges.length === 0) return () => NONE;
  const edges: Edge[] = ranges.flatMap(([{ first, last }, number]) => [
    { key: `${keyOf(first)}0`, opens: true, number },
    { key: `${keyOf(last)}1`, opens: false, number },
  ]);
  edges.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  const starts: string[] = [];
  const members: (readonly number[])[] = [];
  const open = new Map<number, number>();
  for (const { key, opens, number } of edges) {
    const count = (open.get(number) ?? 0) + (opens ? 1 : -1);
    if (count > 0) open.set(number, count);
    else open.delete(number);
    if (starts.at(-1) === key) members[members.length - 1] = [...open.keys()];
    else {
      starts.push(key);
      members.push([...open.keys()]);
    }
  }
  return (ip) => members[lastAtMost(starts, `${keyOf(ip)}05`)] ?? NONE;
}

/** Keys of one length that sort as addresses do. A network opens at `...0` and closes at `...1`. */
function keyOf({ w0, w1, w2, w3 }: IpAddress): string {
  return hex(w0) + hex(w1) + hex(w2) + hex(w3);
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

function lastAtMost(starts: readonly string[], key: string): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? '') <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
