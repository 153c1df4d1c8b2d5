import type { AddressRange } from '../../../net/prefix.ts';
import { createRangeTable } from '../../../net/range-table.ts';
import type { BpfObject } from '../../addon.ts';
import {
  AT_LISTED_TABLE_BEGUN,
  AT_LISTED_TABLE_GENERATION,
  AT_LISTED_TABLE_PART,
  LISTED_SOURCE,
  SIZE_LISTED_PART,
  SIZE_LISTED_TABLE,
} from '../../layout.gen.ts';
import { type ListMemory, type Region, type Words, writeRegion } from './list-region.ts';

/** Whose addresses they are: those of lists, or those that shared reputation is bad of. */
export const LIST_SOURCES = ['lists', 'scores'] as const;
export type ListSource = (typeof LIST_SOURCES)[number];
const FAMILIES = [4, 6] as const;
type Family = (typeof FAMILIES)[number];

/** Ranges that find room; there are two versions of each. */
export type ListCapacity = Readonly<Record<ListSource, Readonly<Record<Family, number>>>>;

/** The room that lists need which have so many entries of each family: they grow. */
export function capacityFor(entries: Readonly<Record<Family, number>>): ListCapacity {
  return {
    lists: { 4: Math.max(65_536, 2 * entries[4]), 6: Math.max(16_384, 2 * entries[6]) },
    scores: { 4: 16_384, 6: 4_096 },
  };
}

/** Of one table. */
export interface KernelListFigures {
  readonly source: ListSource;
  readonly family: Family;
  /** Ranges in use, and ranges that found no room: only the engine's own lookup knows those. */
  readonly ranges: number;
  readonly leftOut: number;
  readonly capacity: number;
  readonly generation: number;
}

const STEP = 1_024;
const MAX_BUCKETS = 65_536;

const bucketsFor = (rows: number): number => Math.min(MAX_BUCKETS, 2 ** Math.floor(Math.log2(rows)));

/** Sizes of the maps, for loadObject. */
export function listMapSizes(capacity: ListCapacity | undefined): Readonly<Record<string, number>> {
  if (capacity === undefined) return {};
  const sum = (of: (rows: number) => number, family: Family): number =>
    2 * LIST_SOURCES.reduce((total, source) => total + of(capacity[source][family]), 0);
  return {
    tg_listed_ranges4: sum((rows) => rows, 4),
    tg_listed_ranges6: sum((rows) => rows, 6),
    tg_listed_buckets: sum(bucketsFor, 4) + sum(bucketsFor, 6),
  };
}

export const LIST_MAPS = [
  'tg_listed',
  'tg_listed_ranges4',
  'tg_listed_ranges6',
  'tg_listed_buckets',
] as const;

/** What is written to a table; both lie apart. */
export type RangesOf = (family: Family) => Iterable<AddressRange>;

interface Table {
  readonly source: ListSource;
  readonly family: Family;
  readonly capacity: number;
  readonly versions: readonly [Region, Region];
  /** Places of `tg_listed_table` among the words of the map of tables. */
  readonly generationAt: number;
  readonly begunAt: number;
  ranges: number;
  leftOut: number;
}

/**
 * Tells the kernel side which addresses are on lists, by memory that it shares: no capability is needed. A version is written
 * beside the one in use, and takes its place by one store.
 */
export class KernelLists {
  readonly #tables: readonly Table[];
  readonly #words: Words;
  readonly #generations: Int32Array;
  readonly #ranges: Readonly<Record<Family, Words>>;
  readonly #buckets: Words;

  /** `core` was loaded with `listMapSizes(capacity)`. */
  constructor(core: BpfObject, capacity: ListCapacity) {
    const tables = core.mapMemory('tg_listed');
    this.#words = new Uint32Array(tables);
    this.#generations = new Int32Array(tables);
    this.#ranges = {
      4: new Uint32Array(core.mapMemory('tg_listed_ranges4')),
      6: new Uint32Array(core.mapMemory('tg_listed_ranges6')),
    };
    this.#buckets = new Uint32Array(core.mapMemory('tg_listed_buckets'));
    this.#tables = layOut(capacity);
  }

  /** Steps that replace what a source has in the kernel; one round of steps at a time for each source. */
  *replace(source: ListSource, ranges: RangesOf): Generator<void, void> {
    for (const table of this.#tables)
      if (table.source === source) yield* this.#replace(table, ranges(table.family));
  }

  figures(): readonly KernelListFigures[] {
    return this.#tables.map(({ source, family, capacity, ranges, leftOut, generationAt }) => ({
      source,
      family,
      capacity,
      ranges,
      leftOut,
      generation: this.#words[generationAt] ?? 0,
    }));
  }

  *#replace(table: Table, ranges: Iterable<AddressRange>): Generator<void, void> {
    const columns = createRangeTable();
    let count = 0;
    for (const range of ranges) {
      if (count < table.capacity) columns.add(range, 0);
      count++;
      if (count % STEP === 0) yield;
    }
    const { v4, v6 } = columns.build();
    yield;
    const next = ((this.#words[table.generationAt] ?? 0) + 1) >>> 0;
    // Whoever is still at the version that is written over will see that it was.
    Atomics.store(this.#generations, table.begunAt, next | 0);
    yield* writeRegion(
      this.#memory(table.family),
      table.versions[next & 1] as Region,
      table.family === 4 ? v4 : v6,
    );
    // The one store that the kernel side goes by, behind all others.
    Atomics.store(this.#generations, table.generationAt, next | 0);
    table.ranges = Math.min(count, table.capacity);
    table.leftOut = count - table.ranges;
  }

  #memory(family: Family): ListMemory {
    return { tables: this.#words, ranges: this.#ranges[family], buckets: this.#buckets };
  }
}

/** Gives each version of each table its place. The order of tables in their map is that of tg_listed_key(). */
function layOut(capacity: ListCapacity): Table[] {
  const rows = { 4: 0, 6: 0 };
  let bucket = 0;
  return LIST_SOURCES.flatMap((source) =>
    FAMILIES.map((family, place): Table => {
      const words =
        ((LISTED_SOURCE[source.toUpperCase() as Uppercase<ListSource>] * 2 + place) * SIZE_LISTED_TABLE) / 4;
      const room = capacity[source][family];
      const version = (which: 0 | 1): Region => {
        const part = words + (AT_LISTED_TABLE_PART + which * SIZE_LISTED_PART) / 4;
        const region = { row: rows[family], rows: room, bucket, buckets: bucketsFor(room), part };
        rows[family] += room;
        bucket += region.buckets;
        return region;
      };
      return {
        source,
        family,
        capacity: room,
        versions: [version(0), version(1)],
        generationAt: words + AT_LISTED_TABLE_GENERATION / 4,
        begunAt: words + AT_LISTED_TABLE_BEGUN / 4,
        ranges: 0,
        leftOut: 0,
      };
    }),
  );
}
