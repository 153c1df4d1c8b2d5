import type { IpAddress } from '../model/ip-address.ts';
import type { ListMatch } from '../model/lookup.ts';
import { nameOf, suffixRows } from '../net/name-table.ts';
import { type AddressRange, formatRange } from '../net/prefix.ts';
import { createV4Search, createV6Search } from '../net/range-search.ts';
import { factsAt } from './facts-pool.ts';
import { countEntries, type ParsedList, type RowNotes } from './parsed-list.ts';

/** One list, ready for lookups; immutable. */
export interface CompiledList {
  readonly name: string;
  readonly entries: number;
  /** How many of them are host names. */
  readonly names: number;
  /** Whether it may speak of reserved and own addresses. */
  readonly allowReserved: boolean;
  /** How many addresses and networks of one family it has. */
  size(family: 4 | 6): number;
  /** Its addresses and networks of one family, by the first address; they may overlap. */
  ranges(family: 4 | 6): Generator<AddressRange>;
  /** Whether any entry holds the address. Allocates nothing. */
  readonly has: (ip: IpAddress) => boolean;
  /** Entries that share an address with the range, smallest first, at most `MAX_MATCHES`. */
  matches(range: AddressRange): readonly ListMatch[];
  hasName(name: string): boolean;
  /** Entries that are the name or a parent of it, longest first. */
  nameMatches(name: string): readonly ListMatch[];
}

export interface CompileOptions {
  readonly name: string;
  readonly allowReserved?: boolean;
}

/** Matching entries of one list that are looked at for one address: lists of overlapping ranges have no other end. */
export const MAX_MATCHES = 64;

/** Entry texts and facts are made at a hit, not kept: a million of them would cost more than the list. */
export function compileList(
  parsed: ParsedList,
  { name, allowReserved = false }: CompileOptions,
): CompiledList {
  const { v4, v6, names, facts } = parsed;
  const searchV4 = createV4Search(v4);
  const searchV6 = createV6Search(v6);
  // Each has a place of its own in the code, so that the engine knows what it calls.
  const { find: findV4 } = searchV4;
  const { find: findV6 } = searchV6;

  function matchOf(entry: string, { line, facts: ids }: RowNotes, row: number): ListMatch {
    return { list: name, entry, line: line[row] ?? 0, ...factsAt(facts, ids[row] ?? 0) };
  }
  return {
    name,
    allowReserved,
    entries: countEntries(parsed),
    names: names.length,
    size: (family) => (family === 4 ? v4 : v6).length,
    *ranges(family) {
      const [search, { length }] = family === 4 ? [searchV4, v4] : [searchV6, v6];
      for (let row = 0; row < length; row++) yield search.rangeOf(row);
    },
    has: (ip) => (ip.family === 4 ? findV4(ip) : findV6(ip)) >= 0,
    matches(range) {
      const [search, notes] = range.first.family === 4 ? [searchV4, v4] : [searchV6, v6];
      const rows = search.overlapping(range, MAX_MATCHES);
      return rows.map((row) => matchOf(formatRange(search.rangeOf(row)), notes, row));
    },
    hasName: (text) => suffixRows(names, text).length > 0,
    nameMatches: (text) => suffixRows(names, text).map((row) => matchOf(nameOf(names, row), names, row)),
  };
}
