import type { FormatName } from '../model/list-formats.ts';
import type { ListDirection } from '../model/lookup.ts';
import type { NameColumns } from '../net/name-table.ts';
import type { SortedRanges } from '../net/sorted-ranges.ts';
import type { FactsColumns } from './facts-pool.ts';

/** A place of a list and what is to be said of it. `text` is shortened and free of control characters. */
export interface ListNote {
  readonly line: number;
  readonly text: string;
  readonly reason: string;
}

/** Lines and facts of the entries of one kind, row by row. `facts` are places in `ParsedList.facts`. */
export interface RowNotes {
  readonly line: Uint32Array<ArrayBuffer>;
  readonly facts: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

/** A list as it was read, ready to be searched. Plain data: it moves between threads. */
export interface ParsedList {
  readonly format: FormatName;
  readonly v4: SortedRanges & RowNotes;
  readonly v6: SortedRanges & RowNotes;
  readonly names: NameColumns & RowNotes;
  /** Distinct facts; entries refer to them by number. */
  readonly facts: FactsColumns;
  /** `lines === v4 + v6 + names + duplicates + invalid + ignored` */
  readonly stats: {
    /** Items that are more than blanks and comments. */
    readonly lines: number;
    readonly v4: number;
    readonly v6: number;
    readonly names: number;
    readonly duplicates: number;
    readonly invalid: number;
    readonly ignored: number;
    /** Entries that were taken, but not as they are written. */
    readonly changed: number;
  };
  /** The first of each; `stats` counts all. */
  readonly invalid: readonly ListNote[];
  readonly ignored: readonly ListNote[];
  readonly changed: readonly ListNote[];
  /** How many entries the file itself says it has. */
  readonly declared?: number;
}

export type ListRole = 'block' | 'allow';

/** How a list is to be read. */
export interface ParseOptions {
  /** Detected when absent. */
  readonly format?: FormatName;
  readonly role: ListRole;
  /** For entries that do not say it themselves. */
  readonly defaults?: {
    readonly category?: string;
    readonly confidence?: number;
    readonly direction?: ListDirection;
  };
  /** Entries with a known confidence below this are ignored. */
  readonly minConfidence?: number;
  /** Networks that a list cannot accuse: entries within them are ignored. */
  readonly guard?: readonly string[];
  /** Text of Suricata's `categories.txt`. */
  readonly categories?: string;
  /** Notes kept of each sort. */
  readonly keep?: number;
  /** Of the table of names; chance, so that nobody can choose names that collide. */
  readonly seed?: number;
}

export function countEntries({ stats }: Pick<ParsedList, 'stats'>): number {
  return stats.v4 + stats.v6 + stats.names;
}
