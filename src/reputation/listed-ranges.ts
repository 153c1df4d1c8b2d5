import { compareIps } from '../net/ip.ts';
import { type AddressRange, parseNetwork } from '../net/prefix.ts';
import { mergeRanges, subtractRanges, uniteRanges } from '../net/range-streams.ts';
import type { ListsOfRoles } from './blocklist-store.ts';
import type { CompiledList } from './compiled-list.ts';

export type Family = 4 | 6;

/**
 * The addresses that a blocklist names and nothing exempts, whatever the port, the direction and the expiry of an entry: ranges
 * that lie apart. Made one by one, so that a million of them need not be made at a stretch.
 */
export function listedRanges({ block, allow, guard }: ListsOfRoles, family: Family): Generator<AddressRange> {
  const [free, bound] = [true, false].map((isFree) =>
    united(
      block.filter(({ allowReserved }) => allowReserved === isFree),
      family,
    ),
  ) as [Generator<AddressRange>, Generator<AddressRange>];
  const guarded = subtractRanges(bound, uniteRanges(networks(guard, family)));
  return subtractRanges(uniteRanges(mergeRanges([free, guarded])), united(allow, family));
}

/** The same of ranges of both families, in runs that are each in order. */
export function exemptedRanges(
  runs: readonly (readonly AddressRange[])[],
  { allow, guard }: Pick<ListsOfRoles, 'allow' | 'guard'>,
  family: Family,
): Generator<AddressRange> {
  const exempt = mergeRanges([networks(guard, family), ...allow.map((list) => list.ranges(family))]);
  const ranges = mergeRanges(runs.map((run) => run.filter(({ first }) => first.family === family)));
  return subtractRanges(uniteRanges(ranges), uniteRanges(exempt));
}

function united(lists: readonly CompiledList[], family: Family): Generator<AddressRange> {
  return uniteRanges(mergeRanges(lists.map((list) => list.ranges(family))));
}

function networks(texts: readonly string[], family: Family): AddressRange[] {
  return texts
    .map(parseNetwork)
    .flatMap((parsed) => (parsed.ok && parsed.range.first.family === family ? [parsed.range] : []))
    .sort((a, b) => compareIps(a.first, b.first));
}
