import type { EntryFacts } from '../../src/model/lookup.ts';
import { nameOf } from '../../src/net/name-table.ts';
import { formatRange } from '../../src/net/prefix.ts';
import { createV4Search, createV6Search } from '../../src/net/range-search.ts';
import { factsAt } from '../../src/reputation/facts-pool.ts';
import type { ParsedList } from '../../src/reputation/parsed-list.ts';

export interface Dumped extends EntryFacts {
  readonly entry: string;
  readonly line: number;
}

/** All entries of a list with their facts. */
export function dump({ v4, v6, names, facts }: ParsedList): Dumped[] {
  const of = (notes: typeof v4 | typeof names, row: number) => ({
    line: notes.line[row]!,
    ...factsAt(facts, notes.facts[row]!),
  });
  const rows = (length: number) => Array.from({ length }, (_, row) => row);
  const [search4, search6] = [createV4Search(v4), createV6Search(v6)];
  return [
    ...rows(v4.length).map((row) => ({ entry: formatRange(search4.rangeOf(row)), ...of(v4, row) })),
    ...rows(v6.length).map((row) => ({ entry: formatRange(search6.rangeOf(row)), ...of(v6, row) })),
    ...rows(names.length).map((row) => ({ entry: nameOf(names, row), ...of(names, row) })),
  ];
}
