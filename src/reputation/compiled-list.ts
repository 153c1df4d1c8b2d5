import type { IpAddress } from '../model/ip-address.ts';
import type { ListMatch, ReputationLookup } from '../model/lookup.ts';
import { formatRange } from '../net/prefix.ts';
import { buildPrefixSet } from '../net/prefix-set.ts';
import { rangeById } from '../net/range-table.ts';
import type { ParsedBlocklist } from './blocklist-file.ts';

/** One list, ready for lookups; immutable. */
export interface CompiledList {
  readonly entries: number;
  /** The most specific entry that holds the address. */
  match(ip: IpAddress): ListMatch | undefined;
}

const NO_MATCHES: readonly ListMatch[] = Object.freeze([]);

/** Entry texts are made at a hit, not kept: a million of them would cost more than the set. */
export function compileList(name: string, { entries }: ParsedBlocklist): CompiledList {
  const set = buildPrefixSet(entries);
  function match(ip: IpAddress): ListMatch | undefined {
    const id = set.lookup(ip);
    const range = id === undefined ? undefined : rangeById(entries, id);
    return range && { list: name, entry: formatRange(range) };
  }
  return { entries: entries.v4.length + entries.v6.length, match };
}

/** Asks each list; allocates only when something matches. */
export function lookupIn(lists: readonly CompiledList[]): ReputationLookup {
  function lookup(ip: IpAddress): readonly ListMatch[] {
    let matches: ListMatch[] | undefined;
    for (const list of lists) {
      const match = list.match(ip);
      if (!match) continue;
      matches ??= [];
      matches.push(match);
    }
    return matches ?? NO_MATCHES;
  }
  return { lookup };
}
