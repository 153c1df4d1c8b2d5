import type { FormatName } from '../model/list-formats.ts';
import type { EntryFacts } from '../model/lookup.ts';
import { createNameTable, type NameColumns } from '../net/name-table.ts';
import { type AddressRange, formatRange, isWholeFamily, parseNetwork } from '../net/prefix.ts';
import { gather, markNew } from '../net/radix-sort.ts';
import { createRangeCover } from '../net/range-cover.ts';
import { createRangeTable, type RangeColumns } from '../net/range-table.ts';
import { indexRanges, type SortedRanges, sortedOrder } from '../net/sorted-ranges.ts';
import { createFactsPool, type FactsPool, printable } from './facts-pool.ts';
import type { ListSink } from './formats/format.ts';
import { createGrowingColumn } from './growing-column.ts';
import { hostName } from './host-name.ts';
import type { ListNote, ParsedList, ParseOptions, RowNotes } from './parsed-list.ts';

export const KEPT_NOTES = 100;
const KEPT_CHARACTERS = 80;

/** Collects the entries of one list and makes it searchable. */
export class ListBuilder implements ListSink {
  readonly #options: ParseOptions;
  readonly #ranges = createRangeTable();
  readonly #names;
  readonly #pool: FactsPool;
  readonly #guard;
  /** Of ranges by their number, of names by their row. */
  readonly #rangeNotes = createNoteColumns();
  readonly #nameNotes = createNoteColumns();
  readonly #notes: Record<'invalid' | 'ignored' | 'changed', ListNote[]> = {
    invalid: [],
    ignored: [],
    changed: [],
  };
  readonly #counts = { lines: 0, duplicates: 0, invalid: 0, ignored: 0, changed: 0 };
  #declared: number | undefined;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#names = createNameTable(options.seed ?? 0);
    this.#pool = createFactsPool(options.defaults ?? {});
    const guarded = (options.guard ?? []).map(parseNetwork);
    this.#guard = createRangeCover(guarded.flatMap((parsed) => (parsed.ok ? [parsed.range] : [])));
  }

  network(line: number, text: string, facts?: EntryFacts) {
    const parsed = parseNetwork(text);
    if (!parsed.ok) return this.invalid(line, text, parsed.reason);
    this.#takeRange({ line, text, range: parsed.range, hostBits: parsed.hostBits, facts });
  }

  name(line: number, text: string, facts?: EntryFacts) {
    const parsed = hostName(text);
    if (!parsed.ok) return this.invalid(line, text, parsed.reason);
    const id = this.#factsOf(line, text, facts);
    if (id === undefined) return;
    this.#counts.lines++;
    const same = this.#names
      .rowsOf(parsed.name)
      .find((row) => this.#pool.kindOf(this.#nameNotes.facts.at(row)) === this.#pool.kindOf(id));
    if (same === undefined) {
      this.#names.add(parsed.name);
      this.#nameNotes.push(line, id);
      return;
    }
    this.#counts.duplicates++;
    if (this.#pool.confidenceOf(id) > this.#pool.confidenceOf(this.#nameNotes.facts.at(same)))
      this.#nameNotes.set(same, line, id);
  }

  either(line: number, text: string, facts?: EntryFacts): void {
    const parsed = parseNetwork(text);
    if (parsed.ok) this.#takeRange({ line, text, range: parsed.range, hostBits: parsed.hostBits, facts });
    else this.name(line, text, facts);
  }

  invalid(line: number, text: string, reason: string): void {
    this.#counts.lines++;
    this.#note('invalid', line, text, reason);
  }

  ignored(line: number, text: string, reason: string): void {
    this.#counts.lines++;
    this.#note('ignored', line, text, reason);
  }

  declared(entries: number): void {
    this.#declared = entries;
  }

  build(format: FormatName): ParsedList {
    const table = this.#ranges.build();
    const v4 = this.#family(table.v4);
    const v6 = this.#family(table.v6);
    const { line, facts } = this.#nameNotes.take();
    const names: NameColumns & RowNotes = { ...this.#names.build(), line, facts: narrowed(facts) };
    return {
      format,
      v4,
      v6,
      names,
      facts: this.#pool.columns(),
      stats: { ...this.#counts, v4: v4.length, v6: v6.length, names: names.length },
      ...this.#notes,
      ...(this.#declared === undefined ? {} : { declared: this.#declared }),
    };
  }

  #takeRange(entry: {
    line: number;
    text: string;
    range: AddressRange;
    hostBits: boolean;
    facts: EntryFacts | undefined;
  }) {
    const { line, text, range } = entry;
    if (isWholeFamily(range)) return this.invalid(line, text, 'would list every address');
    if (this.#guard.covers(range))
      return this.ignored(line, text, 'reserved or own addresses (allow_reserved would take them)');
    const id = this.#factsOf(line, text, entry.facts);
    if (id === undefined) return;
    this.#counts.lines++;
    this.#ranges.add(range, this.#rangeNotes.push(line, id));
    if (entry.hostBits)
      this.#note('changed', line, text, `has host bits set; taken as ${formatRange(range)}`);
    if (this.#guard.touches(range))
      this.#note('changed', line, text, 'covers reserved or own addresses; these stay out of it');
  }

  /** undefined when the entry is not sure enough, which is noted. */
  #factsOf(line: number, text: string, facts: EntryFacts | undefined): number | undefined {
    const id = this.#pool.idOf(facts);
    const confidence = this.#pool.confidenceOf(id);
    const min = this.#options.minConfidence ?? 0;
    if (confidence < 0 || confidence >= min) return id;
    this.ignored(line, text, `confidence ${confidence} is below ${min}`);
    return undefined;
  }

  #note(sort: 'invalid' | 'ignored' | 'changed', line: number, text: string, reason: string): void {
    this.#counts[sort]++;
    const kept = this.#notes[sort];
    if (kept.length < (this.#options.keep ?? KEPT_NOTES))
      kept.push({ line, text: printable(text, KEPT_CHARACTERS), reason });
  }

  /** Sorts, drops repeats, and indexes. */
  #family(columns: RangeColumns): SortedRanges & RowNotes {
    const order = this.#withoutRepeats(columns, sortedOrder(columns));
    const { line, facts } = this.#rangeNotes.take();
    const number = gather(columns.value, order);
    const notes = { line: gather(line, number), facts: narrowed(gather(facts, number)) };
    return { ...indexRanges(columns, order), ...notes };
  }

  /** Of rows that are the same range and the same kind of accusation, the most confident, then the first, stays. */
  #withoutRepeats(columns: RangeColumns, order: Uint32Array): Uint32Array {
    const words = [...columns.first, ...columns.last];
    const isNew = markNew(order, words);
    const idOf = (row: number): number => this.#rangeNotes.facts.at(columns.value[row] ?? 0);
    const kept = new Uint32Array(order.length);
    let length = 0;
    for (let begin = 0; begin < order.length; ) {
      let end = begin + 1;
      while (end < order.length && isNew[end] === 0) end++;
      if (end === begin + 1) kept[length++] = order[begin] ?? 0;
      else for (const row of this.#bestOfKind(order.subarray(begin, end), idOf)) kept[length++] = row;
      begin = end;
    }
    this.#counts.duplicates += order.length - length;
    return kept.subarray(0, length);
  }

  #bestOfKind(rows: Uint32Array, idOf: (row: number) => number): Iterable<number> {
    const best = new Map<number, number>();
    for (const row of rows) {
      const kind = this.#pool.kindOf(idOf(row));
      const before = best.get(kind);
      if (before === undefined || this.#pool.confidenceOf(idOf(row)) > this.#pool.confidenceOf(idOf(before)))
        best.set(kind, row);
    }
    return best.values();
  }
}

function createNoteColumns() {
  const line = createGrowingColumn();
  const facts = createGrowingColumn();
  return {
    line,
    facts,
    push(lineNumber: number, id: number): number {
      facts.push(id);
      return line.push(lineNumber);
    },
    set(row: number, lineNumber: number, id: number): void {
      line.set(row, lineNumber);
      facts.set(row, id);
    },
    take: () => ({ line: line.take(), facts: facts.take() }),
  };
}

/** Half the size where the numbers are small enough, as they nearly always are. */
function narrowed(column: Uint32Array<ArrayBuffer>): RowNotes['facts'] {
  for (let row = 0; row < column.length; row++) if ((column[row] ?? 0) > 0xffff) return column;
  return new Uint16Array(column);
}
